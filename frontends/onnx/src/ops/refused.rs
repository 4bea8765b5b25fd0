//! Operators that are known and can't be supported.

const RANDOM: &str = "it draws random numbers";
const TEXT: &str = "text is not supported";
const TREES: &str = "decision trees are not supported";

/// The one list: type, domain, reason.
const REFUSED: &[(&str, &str, &str)] = &[
    ("Bernoulli", "", RANDOM),
    ("Gradient", "ai.onnx.preview.training", "a graph has no derivatives"),
    ("ImageDecoder", "", "images are decoded before a network reads them"),
    ("LabelEncoder", "ai.onnx.ml", TEXT),
    ("Multinomial", "", RANDOM),
    ("RandomNormal", "", RANDOM),
    ("RandomNormalLike", "", RANDOM),
    ("RandomUniform", "", RANDOM),
    ("RandomUniformLike", "", RANDOM),
    ("RegexFullMatch", "", TEXT),
    ("StringConcat", "", TEXT),
    ("StringNormalizer", "", TEXT),
    ("StringSplit", "", TEXT),
    ("TfIdfVectorizer", "", TEXT),
    ("TreeEnsemble", "ai.onnx.ml", TREES),
    ("TreeEnsembleClassifier", "ai.onnx.ml", TREES),
    ("TreeEnsembleRegressor", "ai.onnx.ml", TREES),
];

/// Why an operator can't be supported, if that is known.
pub(super) fn reason(op_type: &str, domain: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(known, of, _)| *known == op_type && *of == domain).map(|(_, _, reason)| *reason)
}
