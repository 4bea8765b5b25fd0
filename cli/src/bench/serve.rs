//! `firebrick bench --serve`: a compiled model that stays, for side-by-side measurements.

use std::io::BufRead;

use firebrick::Session;
use serde::Serialize;

use super::{Measured, time, write_output};
use crate::Failure;
use crate::display::json_line;

#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    #[serde(flatten)]
    measured: &'a Measured,
}

#[derive(Serialize)]
struct Times {
    ms: Vec<f64>,
}

#[derive(Serialize)]
struct Done {
    ok: bool,
}

/// Answers each line of stdin with a line of JSON, until `quit` or the end.
pub(super) fn serve(session: &mut Session, measured: &Measured) -> Result<(), Failure> {
    json_line(&Ready { ready: true, measured })?;
    for request in std::io::stdin().lock().lines() {
        let request = request?;
        match request.split_once(' ').unwrap_or((request.as_str(), "")) {
            ("run", n) => {
                let n: usize = n.trim().parse().map_err(|error| Failure::Usage(format!("`{request}`: {error}")))?;
                let ms = (0..n).map(|_| time(session)).collect::<Result<_, _>>()?;
                json_line(&Times { ms })?;
            }
            ("out", path) => {
                write_output(session, path.trim().as_ref())?;
                json_line(&Done { ok: true })?;
            }
            ("quit", "") => return Ok(()),
            ("", "") => {}
            (_, _) => return Err(Failure::Usage(format!("`{request}`: expected `run N`, `out FILE.f32` or `quit`"))),
        }
    }
    Ok(())
}
