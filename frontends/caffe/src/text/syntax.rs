//! What to say about a text that can't be parsed.

use std::ops::Range;

use firebrick_diagnostics::{Diagnostic, Place, SourceText};

use super::lex::{Fault, FaultKind, number, word};

/// The finding for a fault.
pub(super) fn diagnostic(source: &SourceText, fault: Fault) -> Diagnostic {
    let at = offset(source, fault.left);
    if let Some(placeholder) = placeholder(&source.text, at) {
        return Diagnostic::error("the file is a template: it has a placeholder where a value should be")
            .at(Place::text(source, placeholder))
            .label("a placeholder")
            .help("make the prototxt from the template, with the tool it belongs to, and import that");
    }
    let found = found(&source.text, at);
    let place = Place::text(source, found.span.clone());
    match fault.kind {
        FaultKind::Expected("a field's name") if found.text == "`}`" => Diagnostic::error("this `}` closes nothing")
            .at(place)
            .label("no `{` is open here")
            .help("a `{` is missing above, or there is a `}` too many"),
        FaultKind::Expected(what) => Diagnostic::error(format!("expected {what}, found {}", found.text))
            .at(place)
            .label(format!("expected {what}")),
        FaultKind::Unclosed { closer } => {
            let end = source.text.trim_end().len();
            Diagnostic::error(format!("this {} is never closed", found.text))
                .at(place)
                .label(format!("its `{closer}` is missing"))
                .related(Place::text(source, end..end), "the file ends here")
                .help("the file may have been cut short; if not, look for the missing brace here")
        }
        FaultKind::Mismatched { closer, opener_left } => {
            let opener = offset(source, opener_left);
            Diagnostic::error(format!("expected `{closer}`, found {}", found.text))
                .at(place)
                .label(format!("expected `{closer}`"))
                .related(Place::text(source, opener..opener + 1), format!("to close this, `{closer}` is needed"))
        }
        FaultKind::UnclosedString => Diagnostic::error("this string has no closing quote on its line")
            .at(Place::text(source, at..line_end(&source.text, at)))
            .label("the closing quote is missing"),
        FaultKind::Extension => Diagnostic::error("fields named in brackets (protobuf extensions) are not supported")
            .at(Place::text(source, at..line_end(&source.text, at)))
            .help("Caffe has no such fields; a list of values goes after a field's name and a colon"),
        FaultKind::TooDeep => Diagnostic::error("messages are nested more than 100 deep here")
            .at(place)
            .help("no net needs more than six"),
    }
}

fn offset(source: &SourceText, left: usize) -> usize {
    source.text.len().saturating_sub(left)
}

struct Found {
    text: String,
    span: Range<usize>,
}

/// The token at a place, as it is to be quoted.
fn found(text: &str, at: usize) -> Found {
    const MAX_QUOTED: usize = 40;
    let rest = text.get(at..).unwrap_or_default();
    let Some(first) = rest.chars().next() else {
        return Found { text: "the end of the file".to_owned(), span: at..at };
    };
    let length = match (word(rest), number(rest)) {
        (Ok((_, token)), _) | (Err(_), Ok((_, token))) => token.len(),
        (Err(_), Err(_)) => first.len_utf8(),
    };
    let span = at..at + length;
    let token = text.get(span.clone()).unwrap_or_default();
    let text = match first {
        '"' | '\'' => "a string".to_owned(),
        _ if length > MAX_QUOTED => "a long word".to_owned(),
        _ if first.is_control() => format!("the control character {}", first.escape_unicode()),
        _ => format!("`{token}`"),
    };
    Found { text, span }
}

/// The placeholder of a template engine that a place is within the first two characters of: `{{…}}`, `{%…%}`, `${…}`, `<%…%>`, `@…@`.
fn placeholder(text: &str, at: usize) -> Option<Range<usize>> {
    const FORMS: [(&str, &str); 5] = [("{{", "}}"), ("{%", "%}"), ("${", "}"), ("<%", "%>"), ("$(", ")")];
    for start in [at.checked_sub(1), Some(at)].into_iter().flatten() {
        let Some(rest) = text.get(start..) else { continue };
        let form = FORMS.iter().find(|(opening, _)| rest.starts_with(opening));
        let Some((opening, closing)) = form else { continue };
        let line = rest.split('\n').next().unwrap_or(rest);
        let length = line.find(closing).map_or(opening.len(), |at| at + closing.len());
        return Some(start..start + length);
    }
    None
}

fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.split('\n').next().unwrap_or_default().trim_end().len()
}
