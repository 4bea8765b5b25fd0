//! Operators that are known and can't be supported.

/// The one list: type, domain, reason.
const REFUSED: &[(&str, &str, &str)] = &[
    ("Bernoulli", "", "it draws random numbers"),
    ("Multinomial", "", "it draws random numbers"),
    ("RandomNormal", "", "it draws random numbers"),
    ("RandomNormalLike", "", "it draws random numbers"),
    ("RandomUniform", "", "it draws random numbers"),
    ("RandomUniformLike", "", "it draws random numbers"),
];

/// Why an operator can't be supported, if that is known.
pub(super) fn reason(op_type: &str, domain: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(known, of, _)| *known == op_type && *of == domain).map(|(_, _, reason)| *reason)
}
