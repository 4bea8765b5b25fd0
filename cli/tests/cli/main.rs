//! The `firebrick` command as its users meet it.

mod check;
mod docs;
mod failures;
mod inspect;
mod layers;
mod run;
mod save;
