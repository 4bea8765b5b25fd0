use firebrick_ir::ops::Identity;

use crate::{At, Draft, Rule};

/// `identity(x)` is x: Caffe's Split, Dropout at inference. It stays where an output is an input, or a second output,
/// since each has to have its name.
pub(crate) struct RemoveIdentity;

impl Rule for RemoveIdentity {
    const NAME: &'static str = "remove-identity";
    const DESCRIPTION: &'static str = "Lets the readers of a copy (Split, Dropout) read the original";

    fn rewrite(&self, at: At<'_>) -> Option<Draft> {
        let identity = at.is::<Identity>()?;
        Some(Draft::forward(identity.result(), identity.x()))
    }
}
