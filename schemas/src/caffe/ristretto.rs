//! Messages of the Ristretto fork.

use crate::declare::{enumeration, message};

message! {
    /// Ristretto's number formats of a layer's input, output and weights.
    QuantizationParameter {
        optional enum Precision precision = 1 [default = "DynamicFixedPoint"];
        optional enum Rounding rounding_scheme = 2 [default = "Nearest"];
        optional uint32 bw_layer_in = 3 [default = 32];
        optional uint32 bw_layer_out = 4 [default = 32];
        optional uint32 bw_params = 5 [default = 32];
        optional int32 fl_layer_in = 6 [default = 16];
        optional int32 fl_layer_out = 7 [default = 16];
        optional int32 fl_params = 8 [default = 16];
        optional uint32 mant_bits = 9 [default = 23];
        optional uint32 exp_bits = 10 [default = 8];
        optional int32 exp_min = 11 [default = "-8"];
        optional int32 exp_max = 12 [default = "-1"];
    }
}

enumeration! {
    /// Ristretto's families of number formats.
    Precision {
        DynamicFixedPoint = 0 "DYNAMIC_FIXED_POINT";
        Minifloat = 1 "MINIFLOAT";
        IntegerPowerOf2Weights = 2 "INTEGER_POWER_OF_2_WEIGHTS";
    }
}

enumeration! {
    /// How Ristretto rounds.
    Rounding {
        Nearest = 0 "NEAREST";
        Stochastic = 1 "STOCHASTIC";
    }
}
