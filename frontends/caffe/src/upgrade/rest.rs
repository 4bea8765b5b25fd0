//! What is left of a message after its fields have been taken.

use firebrick_schemas::wire::outline;
use firebrick_schemas::{Described, FieldPath, Label};

/// The fields that a message has, by name and place, where `path` is the message's own.
///
/// Whoever moves fields takes them out of the old message and refuses the rest, so that none is forgotten: not even one that the
/// schema gets later.
pub(super) fn rest<M: Described>(message: &M, path: &FieldPath) -> Vec<(&'static str, FieldPath)> {
    let mut numbers: Vec<u32> =
        outline(&message.encode_to_vec(), usize::MAX).into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let fields = M::DESCRIPTOR.fields.iter().filter(|field| numbers.contains(&field.number));
    fields
        .map(|field| match field.label {
            Label::Optional | Label::Required => (field.name, path.clone().field(field.name)),
            Label::Repeated => (field.name, path.clone().nth(field.name, 0)),
        })
        .collect()
}
