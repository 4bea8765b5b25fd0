//! `firebrick completions`

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::{Cli, Failure};

/// Print a script that completes firebrick's arguments in a shell
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    use std::io::Write;
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "firebrick", &mut script);
    Ok(std::io::stdout().lock().write_all(&script)?)
}
