//! Prints findings with `annotate-snippets`.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::excerpt::Excerpt;
use crate::{Diagnostic, Place, Severity};

/// Characters of a message that are printed at most: a message may quote a name, and a name in a file may be of any length.
const MAX_MESSAGE: usize = 1000;

pub(crate) fn diagnostic(diagnostic: &Diagnostic, color: bool) -> String {
    let Diagnostic { severity, message, place, label, related, help } = diagnostic;
    let mut primary = Group::with_title(level(*severity).primary_title(shorten(message)));
    if let Some(place) = place {
        primary = primary.elements(elements(place, label.as_deref()));
    }
    if let Some(help) = help {
        primary = primary.element(Level::HELP.message(shorten(help)));
    }
    let mut groups = vec![primary];
    for (place, message) in related {
        groups.push(Group::with_title(Level::NOTE.secondary_title(shorten(message))).elements(elements(place, None)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&groups)
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn elements(place: &Place, label: Option<&str>) -> Vec<Element<'static>> {
    match place {
        Place::Text { source, span } => {
            let excerpt = Excerpt::new(&source.text, span.clone());
            let name = source.name.to_string();
            let annotation = AnnotationKind::Primary.span(excerpt.span).label(label.map(shorten));
            let snippet = Snippet::source(excerpt.text).line_start(excerpt.line).annotation(annotation);
            if excerpt.cut_before {
                // The renderer would take the column from what it sees of the line.
                let origin = Origin::path(name).line(excerpt.line).char_column(excerpt.column);
                return vec![origin.into(), snippet.into()];
            }
            vec![snippet.path(name).into()]
        }
        Place::Field { .. } | Place::File { .. } => vec![Origin::path(place.to_string()).into()],
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_MESSAGE).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}
