//! `-O LEVEL`

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use firebrick::passes::Level;

/// The levels, with what they are for.
pub(crate) fn level() -> impl TypedValueParser<Value = Level> {
    let levels = Level::ALL.iter().map(|&(_, name, purpose)| PossibleValue::new(name).help(purpose));
    PossibleValuesParser::new(levels).try_map(|name| name.parse::<Level>())
}
