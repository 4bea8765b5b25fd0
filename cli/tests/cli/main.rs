//! The `firebrick` command as its users meet it.

mod bench;
mod check;
mod convert;
mod docs;
mod eval;
mod failures;
mod inspect;
mod layers;
mod optimize;
mod quantised;
mod run;
mod save;
