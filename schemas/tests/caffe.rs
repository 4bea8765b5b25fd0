//! The declarations agree with the field table, with each other and with published files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use firebrick_schemas::caffe::{FORK_FIELDS, NetParameter};
use firebrick_schemas::{Content, Described, FieldDescriptor, Kind, Label, MessageDescriptor, decode, sniff};

/// The folder of test models: `FIREBRICK_SHARED`, or `shared` beside the project.
fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("FIREBRICK_SHARED").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no test models in {}; set FIREBRICK_SHARED to their folder", folder.display());
    None
}

/// All messages within a message, and itself.
fn messages(descriptor: &'static MessageDescriptor, found: &mut Vec<&'static MessageDescriptor>) {
    if found.iter().any(|known| known.name == descriptor.name) {
        return;
    }
    found.push(descriptor);
    for field in descriptor.fields {
        if let Kind::Message(inner) = field.kind {
            messages(inner(), found);
        }
    }
}

fn all_messages() -> Vec<&'static MessageDescriptor> {
    let mut found = Vec::new();
    messages(NetParameter::DESCRIPTOR, &mut found);
    messages(firebrick_schemas::caffe::BlobProtoVector::DESCRIPTOR, &mut found);
    found
}

#[test]
fn names_and_numbers_are_unique() {
    for message in all_messages() {
        let names: BTreeSet<_> = message.fields.iter().map(|field| field.name).collect();
        let numbers: BTreeSet<_> = message.fields.iter().map(|field| field.number).collect();
        assert_eq!((names.len(), numbers.len()), (message.fields.len(), message.fields.len()), "{}", message.name);
    }
}

#[test]
fn fields_of_forks_are_of_known_messages() {
    let messages = all_messages();
    for fork in FORK_FIELDS {
        let message = messages.iter().find(|message| message.name == fork.message);
        let message = message.unwrap_or_else(|| panic!("{} is no message", fork.message));
        assert!(
            message.field(fork.field).is_none() || !fork.numbers.is_empty(),
            "{}.{} is in the schema",
            fork.message,
            fork.field
        );
    }
}

/// A default of the table and one of a declaration mean the same.
fn same_default(field: &FieldDescriptor, table: &str) -> bool {
    let declared = field.default.unwrap_or_default();
    match field.kind {
        Kind::Float | Kind::Double => {
            let number = |text: &str| if text.is_empty() { Ok(0.0) } else { text.parse::<f32>() };
            number(declared) == number(table)
        }
        // Variants of an enum are named after its values.
        Kind::Enum(values) => {
            let first = values.values.first().map_or("", |value| value.0);
            let plain = |text: &str| text.replace('_', "").to_lowercase();
            plain(if declared.is_empty() { first } else { declared })
                == plain(if table.is_empty() { first } else { table })
        }
        Kind::Bool => {
            (if declared.is_empty() { "false" } else { declared }) == table.to_lowercase() || table.is_empty()
        }
        Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => {
            (if declared.is_empty() { "0" } else { declared }) == table || table.is_empty() && declared.is_empty()
        }
        Kind::String | Kind::Bytes | Kind::Floats | Kind::Doubles | Kind::Message(_) => declared == table,
    }
}

#[test]
fn declarations_agree_with_the_field_table() {
    let Some(shared) = shared() else { return };
    let table = fs::read_to_string(shared.join("formats/caffe_fields.tsv")).expect("the table can be read");
    let messages = all_messages();
    let mut n_checked = 0;
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [_, message, name, number, label, kind, default] = columns[..] else { panic!("an odd row: {row}") };
        if message == "Datum" {
            continue;
        }
        let number: u32 = number.parse().expect("numbers are numbers");
        if let Some(name_of_enum) = message.strip_prefix("enum ") {
            check_enum_value(&messages, name_of_enum, name, number, row);
        } else {
            let message = messages.iter().find(|known| known.name == message);
            let field =
                message.and_then(|message| message.field(name)).unwrap_or_else(|| panic!("not declared: {row}"));
            let declared = match (field.label, field.packed) {
                (Label::Optional, _) => "optional",
                (Label::Required, _) => "required",
                (Label::Repeated, false) => "repeated",
                (Label::Repeated, true) => "repeated packed",
            };
            let kind = kind.strip_prefix("enum ").unwrap_or(kind);
            assert_eq!((field.number, declared, field.kind.name()), (number, label, kind), "{row}");
            assert!(same_default(field, default), "{row}: declared {:?}", field.default);
        }
        n_checked += 1;
    }
    assert!(n_checked > 500);
}

/// An enum of a message is one of its fields' types; one that no field has is not declared.
fn check_enum_value(messages: &[&MessageDescriptor], name_of_enum: &str, name: &str, number: u32, row: &str) {
    let short = name_of_enum.rsplit('.').next().unwrap_or(name_of_enum);
    let values = messages.iter().flat_map(|message| message.fields).find_map(|field| {
        let Kind::Enum(values) = field.kind else { return None };
        (values.name == short).then_some(values)
    });
    let values = values.unwrap_or_else(|| panic!("not declared: {row}"));
    assert_eq!(values.number(name), i32::try_from(number).ok(), "{row}");
}

#[test]
fn published_caffemodels_are_read_without_copying_weights() {
    let Some(shared) = shared() else { return };
    for version in ["v1.0", "v1.1"] {
        let path = shared.join(format!("models/squeezenet_{version}/squeezenet_{version}.caffemodel"));
        let input = Bytes::from(fs::read(path).expect("the model can be read"));
        assert_eq!(sniff(&input), Content::CaffeNet);
        let (net, unknown) = decode::<NetParameter>(input.clone()).expect("the model is well-formed");
        assert_eq!(unknown, [], "{version}");
        let blobs: Vec<_> = net.layer.iter().flat_map(|layer| &layer.blobs).collect();
        assert_eq!(blobs.len(), 2 * 26, "{version}");
        for blob in blobs {
            let floats = blob.floats().expect("the blob has as many values as its dimensions say");
            assert!(floats.is_empty() || input.as_ptr_range().contains(&floats.as_ptr()));
        }
    }
}

#[test]
fn caffemodels_of_the_cases_are_read() {
    let Some(shared) = shared() else { return };
    let cases = fs::read_dir(shared.join("caffe-cases")).expect("the folder can be read");
    for path in cases.flatten().map(|case| case.path().join("weights.caffemodel")).filter(|path| path.is_file()) {
        let input = Bytes::from(fs::read(&path).expect("the model can be read"));
        let (net, unknown) =
            decode::<NetParameter>(input).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(unknown, [], "{}", path.display());
        assert!(
            net.layer.iter().flat_map(|layer| &layer.blobs).all(|blob| blob.floats().is_ok()),
            "{}",
            path.display()
        );
    }
}
