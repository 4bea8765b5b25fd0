//! Tree to message, by descriptor.

use firebrick_diagnostics::{Diagnostic, Place, Report, SourceText};
use firebrick_schemas::caffe::fork_field;
use firebrick_schemas::{FieldDescriptor, Kind, Label, MessageDescriptor};
use prost::encoding::{WireType, encode_key, encode_varint};

use super::scalar::{self, Encoded, Misfit};
use super::tree::{Field, Scalar, Span, Token, Value};

/// Errors beyond this many are counted only.
const MAX_ERRORS: usize = 100;

/// A message, and what of the text is not in it.
#[derive(Clone, Debug)]
pub struct Bound<M> {
    /// The message.
    pub message: M,
    /// A warning for each field that was left out: fields of Caffe's forks that don't matter for inference.
    pub ignored: Vec<Diagnostic>,
}

/// The binary form of a message, and a warning for each field that is left out of it.
pub(super) fn encode(
    source: &SourceText,
    fields: &[Field],
    descriptor: &'static MessageDescriptor,
) -> Result<(Vec<u8>, Vec<Diagnostic>), Report> {
    let mut binder = Binder { source, errors: Vec::new(), n_more: 0, ignored: Vec::new() };
    let mut output = Vec::new();
    binder.message(fields, Place::file(&*source.name), descriptor, &mut output);
    if binder.n_more > 0 {
        binder.errors.push(Diagnostic::note(format!("there are {} more errors like these", binder.n_more)));
    }
    match Report::from_vec(binder.errors) {
        Some(report) => Err(report),
        None => Ok((output, binder.ignored)),
    }
}

struct Binder<'a> {
    source: &'a SourceText,
    errors: Vec<Diagnostic>,
    n_more: usize,
    ignored: Vec<Diagnostic>,
}

impl<'a> Binder<'a> {
    fn message(
        &mut self,
        fields: &[Field],
        place: Place,
        descriptor: &'static MessageDescriptor,
        output: &mut Vec<u8>,
    ) {
        // Where each field was given first, in the descriptor's order.
        let mut seen: Vec<Option<Span>> = vec![None; descriptor.fields.len()];
        // The values of blob data, which prost reads in one piece.
        let mut chunks: Vec<(u32, Vec<u8>)> = Vec::new();
        for field in fields {
            let name = self.text(field.name);
            let Some((known, seen)) = descriptor.fields.iter().zip(&mut seen).find(|(known, _)| known.name == name)
            else {
                self.unknown_field(field, descriptor);
                continue;
            };
            if known.label != Label::Repeated {
                if let Some(first) = *seen {
                    self.given_twice(field, first, known);
                    continue;
                }
                if let Value::List(list) = &field.value {
                    let error = Diagnostic::error(format!("`{}` takes one value, not a list", known.name));
                    self.error(error.at(self.place(list.span)));
                    continue;
                }
            }
            *seen = Some(field.name);
            for value in field.value.items() {
                self.value(known, value, &mut chunks, output);
            }
        }
        for (known, seen) in descriptor.fields.iter().zip(&seen) {
            if known.label == Label::Required && seen.is_none() {
                let error = Diagnostic::error(format!("{} needs the field `{}`", descriptor.name, known.name));
                self.error(error.at(place.clone()).label(format!("`{}` is missing", known.name)));
            }
        }
        for (number, chunk) in chunks {
            length_delimited(number, &chunk, output);
        }
    }

    fn value(
        &mut self,
        known: &FieldDescriptor,
        value: &Value,
        chunks: &mut Vec<(u32, Vec<u8>)>,
        output: &mut Vec<u8>,
    ) {
        match (known.kind, value) {
            (Kind::Message(descriptor), Value::Message(block)) => {
                let mut inner = Vec::new();
                self.message(&block.fields, self.place(block.span), descriptor(), &mut inner);
                length_delimited(known.number, &inner, output);
            }
            (kind, Value::Message(block)) => {
                let error = Diagnostic::error(format!("`{}` takes a {}, not a message", known.name, kind.name()));
                self.error(error.at(self.place(block.span)));
            }
            (kind, Value::Scalar(scalar)) => match scalar::encode(kind, scalar, self.text(scalar.token_span)) {
                Ok(encoded) => write(known, encoded, chunks, output),
                Err(misfit) => self.misfit(known, scalar, misfit),
            },
            // The parser makes no list within a list, so that `items` gives none.
            (_, Value::List(list)) => {
                self.error(Diagnostic::error("a list can't be in a list").at(self.place(list.span)));
            }
        }
    }

    fn unknown_field(&mut self, field: &Field, descriptor: &'static MessageDescriptor) {
        let name = self.text(field.name);
        let place = self.place(field.name);
        if let Some(fork) = fork_field(descriptor.name, name) {
            let what = format!("`{name}` belongs to the {} fork of Caffe, and {}", fork.fork, fork.purpose.sentence());
            if fork.purpose.is_ignorable() {
                if self.ignored.len() < MAX_ERRORS {
                    self.ignored.push(Diagnostic::warning(what).at(place).label("ignored"));
                }
            } else {
                self.error(Diagnostic::error(what).at(place).label("not supported"));
            }
            return;
        }
        let error =
            Diagnostic::error(format!("{} has no field `{name}`", descriptor.name)).at(place).label("unknown field");
        let names = descriptor.fields.iter().map(|known| known.name);
        self.error(match nearest(name, names) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None if name.ends_with("_param") => {
                error.help("it may belong to a fork of Caffe, none of those known here")
            }
            None => error,
        });
    }

    fn given_twice(&mut self, field: &Field, first: Span, known: &FieldDescriptor) {
        let error = Diagnostic::error(format!("`{}` is given twice, but takes one value", known.name));
        let error = error.at(self.place(field.name)).label("given again here");
        self.error(error.related(self.place(first), "first given here"));
    }

    fn misfit(&mut self, known: &FieldDescriptor, scalar: &Scalar, misfit: Misfit) {
        let name = known.name;
        let found = |takes: &str| match scalar.token {
            Token::Number => format!("not {takes}"),
            Token::Word => "a word".to_owned(),
            Token::Strings => "a string".to_owned(),
        };
        let place = self.place(scalar.span());
        let error = |message: String| Diagnostic::error(message).at(place.clone());
        let error = match misfit {
            Misfit::Type(takes) => error(format!("`{name}` takes {takes}")).label(found(takes)),
            Misfit::TypeWithHelp(takes, help) => {
                error(format!("`{name}` takes {takes}")).label(found(takes)).help(help)
            }
            Misfit::Range(takes) => error(format!("`{name}` takes {takes}")).label("out of range"),
            Misfit::Name(descriptor) => {
                let word = self.text(scalar.span());
                let names = descriptor.values.iter().map(|(name, _)| *name);
                let error = error(format!("{} has no value `{}`", descriptor.name, quote(word)));
                match nearest(word, names.clone()) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None if descriptor.values.len() <= 8 => {
                        error.help(format!("it takes {}", names.collect::<Vec<_>>().join(", ")))
                    }
                    None => error,
                }
                .label("unknown value")
            }
            Misfit::Escape(escape) => {
                error(format!("`\\{escape}` is no escape in a string")).help("write `\\\\` for a backslash")
            }
            Misfit::Utf8 => error(format!("`{name}` takes a string of UTF-8")).label("the escapes make something else"),
        };
        self.error(error);
    }

    fn error(&mut self, error: Diagnostic) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error);
        } else {
            self.n_more += 1;
        }
    }

    fn text(&self, span: Span) -> &'a str {
        span.of(&self.source.text)
    }

    fn place(&self, span: Span) -> Place {
        Place::text(self.source, span.range())
    }
}

fn write(known: &FieldDescriptor, encoded: Encoded, chunks: &mut Vec<(u32, Vec<u8>)>, output: &mut Vec<u8>) {
    if matches!(known.kind, Kind::Floats | Kind::Doubles) {
        let at = chunks.iter().position(|chunk| chunk.0 == known.number).unwrap_or_else(|| {
            chunks.push((known.number, Vec::new()));
            chunks.len() - 1
        });
        let Some((_, chunk)) = chunks.get_mut(at) else { return };
        match encoded {
            Encoded::Fixed32(bytes) => chunk.extend_from_slice(&bytes),
            Encoded::Fixed64(bytes) => chunk.extend_from_slice(&bytes),
            Encoded::Varint(_) | Encoded::Bytes(_) => {}
        }
        return;
    }
    match encoded {
        Encoded::Varint(value) => {
            encode_key(known.number, WireType::Varint, output);
            encode_varint(value, output);
        }
        Encoded::Fixed32(bytes) => {
            encode_key(known.number, WireType::ThirtyTwoBit, output);
            output.extend_from_slice(&bytes);
        }
        Encoded::Fixed64(bytes) => {
            encode_key(known.number, WireType::SixtyFourBit, output);
            output.extend_from_slice(&bytes);
        }
        Encoded::Bytes(bytes) => length_delimited(known.number, &bytes, output),
    }
}

fn length_delimited(number: u32, bytes: &[u8], output: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, output);
    encode_varint(bytes.len() as u64, output);
    output.extend_from_slice(bytes);
}

/// The name most like a word, if it is like enough. Long words are not compared: that takes time, and no name is long.
fn nearest(word: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    const MAX_LENGTH: usize = 64;
    const ALIKE: f64 = 0.7;
    if word.len() > MAX_LENGTH {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(&word, &name.to_ascii_lowercase());
    let (near, likeness) = names.map(|name| (name, likeness(name))).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (likeness >= ALIKE).then_some(near)
}

fn quote(word: &str) -> String {
    const MAX_LENGTH: usize = 40;
    word.chars().take(MAX_LENGTH).collect()
}
