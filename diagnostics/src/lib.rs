//! Errors and warnings about files, with the place they are about, and how they are printed.
//!
//! A [`Diagnostic`] says what is wrong, where ([`Place`]) and what to do about it; a [`Report`] is one or more of them, and is the error
//! type of a reader that finds all faults of a file before it gives up.

mod diagnostic;
mod excerpt;
mod place;
mod render;
mod report;

pub use self::diagnostic::{Diagnostic, Severity};
pub use self::place::{Place, SourceText};
pub use self::report::Report;
