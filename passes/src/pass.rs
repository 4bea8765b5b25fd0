//! What a pass is, and how a rule is one.

use std::collections::VecDeque;

use firebrick_ir::{EvalError, GraphError, VerifyError};
use thiserror::Error;

use crate::{At, Draft, PASSES, Rewriter};

/// A named rewrite of a graph.
pub trait Pass: Sync {
    /// Its name: a verb and its object, `remove-identity`.
    fn name(&self) -> &'static str;

    /// What it does, in a sentence without a full stop.
    fn description(&self) -> &'static str;

    /// How near its results are to those before.
    fn precision(&self) -> Precision {
        Precision::Exact
    }

    /// Rewrites the graph until nothing is left for it to do.
    ///
    /// # Errors
    /// If the pass has a fault, or a constant cannot be computed.
    fn run(&self, graph: &mut Rewriter<'_>) -> Result<(), Fault>;
}

/// How near the outputs of a rewritten graph are to those of the graph that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// The same bits.
    Exact,
    /// Arithmetic is done in another order: within 1e-5 of the largest magnitude.
    Rounded,
    /// What is rounded to integers may become the neighbouring one, where it is near the middle between two.
    Quantized,
    /// Halves are rounded less often: nearer to the exact result than before, by what an f16 or a bf16 can tell.
    Widened,
}

impl Precision {
    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::Exact => "the same bits",
            Precision::Rounded => "rounded otherwise",
            Precision::Quantized => "a quantization step at most",
            Precision::Widened => "halves rounded less",
        }
    }
}

/// A pass that looks at one node after another, each after its operands, and says what should take its place.
///
/// A rule only reads: it returns a [`Draft`]. It is asked again about the nodes that its rewrites add, and about all
/// of the graph until it finds nothing more.
pub trait Rule: Sync {
    /// As [`Pass::name`].
    const NAME: &'static str;

    /// As [`Pass::description`].
    const DESCRIPTION: &'static str;

    /// As [`Pass::precision`].
    const PRECISION: Precision = Precision::Exact;

    /// What should take the place of this node; `None` if it is to be left alone.
    fn rewrite(&self, at: At<'_>) -> Option<Draft>;
}

impl<R: Rule> Pass for R {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn description(&self) -> &'static str {
        R::DESCRIPTION
    }

    fn precision(&self) -> Precision {
        R::PRECISION
    }

    fn run(&self, graph: &mut Rewriter<'_>) -> Result<(), Fault> {
        // A rule that feeds on its own results would never end.
        let most = graph.n_rewrites() + 16 * graph.graph().n_nodes() as u64;
        loop {
            let before = graph.n_rewrites();
            sweep(self, graph, most)?;
            if graph.n_rewrites() == before || graph.is_done() {
                return Ok(());
            }
        }
    }
}

/// Asks the rule about every node once, and about the new ones.
fn sweep<R: Rule>(rule: &R, graph: &mut Rewriter<'_>, most: u64) -> Result<(), Fault> {
    let mut queue = VecDeque::from(graph.graph().schedule());
    while let Some(node) = queue.pop_front() {
        if !graph.graph().contains(node) {
            continue;
        }
        let Some(draft) = rule.rewrite(At { graph: graph.graph(), node }) else { continue };
        for new in graph.apply(draft)?.into_iter().flatten().rev() {
            queue.push_front(new);
        }
        if graph.is_done() {
            return Ok(());
        }
        if graph.n_rewrites() > most {
            return Err(Fault::Endless);
        }
    }
    Ok(())
}

/// The pass of that name.
pub fn find(name: &str) -> Option<&'static dyn Pass> {
    PASSES.iter().copied().find(|pass| pass.name() == name)
}

/// What is wrong with a pass.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Fault {
    /// It proposed a node or a replacement that does not fit.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// It computed a constant, and that failed.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// It left a graph that breaks an invariant.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Verify(Vec<VerifyError>),
    /// It makes work for itself.
    #[error("it does not come to an end")]
    Endless,
}

/// A pass that failed: a fault in Firebrick, not in the model.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("pass `{pass}`: {fault}")]
pub struct PassError {
    /// The pass.
    pub pass: &'static str,
    /// What happened.
    #[source]
    pub fault: Fault,
}
