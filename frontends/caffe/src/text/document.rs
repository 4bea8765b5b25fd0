//! A prototxt with its text.

use std::sync::Arc;

use firebrick_diagnostics::{Diagnostic, Place, Report, SourceText};
use firebrick_schemas::{Content, Described, FieldPath, Step, WireError, decode, sniff};

use super::bind::{Bound, encode};
use super::parse::parse;
use super::syntax;
use super::tree::{Field, Span, Value};

/// A parsed text. Clones share it.
#[derive(Clone, Debug)]
pub struct Document {
    source: SourceText,
    fields: Arc<Vec<Field>>,
}

impl Document {
    /// Parses a text.
    ///
    /// # Errors
    /// The first error of syntax, or what the file is instead of a prototxt.
    pub fn parse(name: &str, text: impl Into<Arc<str>>) -> Result<Self, Report> {
        let source = SourceText::new(name, text);
        if let Some(report) = not_a_prototxt(name, source.text.as_bytes()) {
            return Err(report);
        }
        match parse(&source.text) {
            Ok(fields) => Ok(Self { source, fields: Arc::new(fields) }),
            Err(fault) => Err(syntax::diagnostic(&source, fault).into()),
        }
    }

    /// Parses the bytes of a file. Comments in old files are in any encoding: what isn't UTF-8 is replaced.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Report> {
        match not_a_prototxt(name, bytes) {
            Some(report) => Err(report),
            None => Self::parse(name, String::from_utf8_lossy(bytes)),
        }
    }

    /// The text and its name.
    pub fn source(&self) -> &SourceText {
        &self.source
    }

    /// The fields of the root message.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The text as a message.
    ///
    /// # Errors
    /// Every field the message doesn't have, every value that is none of its field, every field given twice or missing.
    pub fn bind<M: Described>(&self) -> Result<M, Report> {
        self.bind_noting().map(|bound| bound.message)
    }

    /// The text as a message, with what was left out of it: fields of Caffe's forks that don't matter for inference.
    ///
    /// # Errors
    /// As [`Document::bind`].
    pub fn bind_noting<M: Described>(&self) -> Result<Bound<M>, Report> {
        let (bytes, ignored) = encode(&self.source, &self.fields, M::DESCRIPTOR)?;
        let (message, _) = decode(bytes.into())
            .map_err(|error| Diagnostic::error(format!("the net {}", error.fault)).at(self.place(&error.path)))?;
        Ok(Bound { message, ignored })
    }

    /// The place of a field: a message's name if it has one, else the field's keyword; a number, word or string with its keyword. Of a field
    /// that isn't there, the place of the message that should have it.
    pub fn place(&self, path: &FieldPath) -> Place {
        let mut fields: &[Field] = &self.fields;
        let mut place = None;
        for step in &path.steps {
            let Some((field, value)) = self.find(fields, step) else { break };
            place = Some(match value {
                Value::Message(block) => self.name_of(&block.fields).unwrap_or(field.name),
                Value::Scalar(_) | Value::List(_) if step.index.is_some() && matches!(field.value, Value::List(_)) => {
                    value.span()
                }
                Value::Scalar(_) | Value::List(_) => Span { start: field.name.start, end: value.span().end },
            });
            fields = match value {
                Value::Message(block) => &block.fields,
                Value::Scalar(_) | Value::List(_) => &[],
            };
        }
        match place {
            Some(span) => Place::text(&self.source, span.range()),
            None => Place::file(&*self.source.name),
        }
    }

    /// The occurrence of a field that a step means, counting the items of lists.
    fn find<'a>(&self, fields: &'a [Field], step: &Step) -> Option<(&'a Field, &'a Value)> {
        let mut n_before = 0;
        let index = step.index.unwrap_or(0);
        for field in fields.iter().filter(|field| field.name.of(&self.source.text) == step.name) {
            if step.index.is_none() {
                return Some((field, &field.value));
            }
            let items = field.value.items();
            if let Some(value) = items.get(index - n_before) {
                return Some((field, value));
            }
            n_before += items.len();
        }
        None
    }

    /// The `name` of a layer, in the first format within a `layer` of its own.
    fn name_of(&self, fields: &[Field]) -> Option<Span> {
        let text = &self.source.text;
        let is = |field: &&Field, name: &str| field.name.of(text) == name;
        let name = |fields: &[Field]| fields.iter().find(|field| is(field, "name")).map(|field| field.value.span());
        name(fields).or_else(|| match &fields.iter().find(|field| is(field, "layer"))?.value {
            Value::Message(block) => name(&block.fields),
            Value::Scalar(_) | Value::List(_) => None,
        })
    }
}

/// If a file can't be a prototxt: what it is, and what to do.
pub fn not_a_prototxt(name: &str, bytes: &[u8]) -> Option<Report> {
    let content = sniff(bytes);
    if content == Content::Text {
        return too_long(name, bytes);
    }
    let (what, help) = content.sentence().split_once(". ").unwrap_or((content.sentence(), ""));
    let diagnostic = Diagnostic::error(format!("this is not a prototxt: {}", clause(what))).at(Place::file(name));
    Some(if help.is_empty() { diagnostic } else { diagnostic.help(clause(help)) }.into())
}

/// A sentence as it goes after a colon.
fn clause(sentence: &str) -> String {
    let mut clause = sentence.trim_end_matches('.').to_owned();
    if let Some(first) = clause.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    clause
}

fn too_long(name: &str, bytes: &[u8]) -> Option<Report> {
    u32::try_from(bytes.len()).err().map(|_| {
        Diagnostic::error("the file is too long for a prototxt: it has more than 4 GB").at(Place::file(name)).into()
    })
}

/// A binary file that can't be read, as a finding.
pub fn wire_diagnostic(file: &str, error: &WireError) -> Diagnostic {
    let subject = if error.path.steps.is_empty() { "the file".to_owned() } else { format!("`{}`", error.path) };
    Diagnostic::error(format!("{subject} {}", error.fault))
        .at(Place::field(file, &error.path, Some(error.offset)))
        .help("the file is damaged or incomplete, or of another format: compare its size with the published one")
}
