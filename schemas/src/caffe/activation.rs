//! Element-wise layers.

use crate::declare::{enumeration, message};

enumeration! {
    /// The library Caffe computes a layer with (the last two: Intel's fork). It does not change what is computed.
    Engine {
        Default = 0 "DEFAULT";
        Caffe = 1 "CAFFE";
        Cudnn = 2 "CUDNN";
        Mkl2017 = 3 "MKL2017";
        Mkldnn = 4 "MKLDNN";
    }
}

message! {
    /// The `Clip` layer.
    ClipParameter {
        required float min = 1;
        required float max = 2;
    }
}

message! {
    /// The `Dropout` layer.
    DropoutParameter {
        optional float dropout_ratio = 1 [default = 0.5];
    }
}

message! {
    /// The `ELU` layer.
    ELUParameter {
        optional float alpha = 1 [default = 1.0];
    }
}

message! {
    /// The `Exp` layer: base^(shift + scale·x), base −1 standing for e.
    ExpParameter {
        optional float base = 1 [default = "-1.0"];
        optional float scale = 2 [default = 1.0];
        optional float shift = 3;
    }
}

message! {
    /// The `Log` layer: log_base(shift + scale·x), base −1 standing for e.
    LogParameter {
        optional float base = 1 [default = "-1.0"];
        optional float scale = 2 [default = 1.0];
        optional float shift = 3;
    }
}

message! {
    /// The `Power` layer: (shift + scale·x)^power.
    PowerParameter {
        optional float power = 1 [default = 1.0];
        optional float scale = 2 [default = 1.0];
        optional float shift = 3;
    }
}

message! {
    /// The `ReLU` layer.
    ReLUParameter {
        optional float negative_slope = 1;
        optional enum Engine engine = 2 [default = "Default"];
    }
}

message! {
    /// The `Sigmoid` layer.
    SigmoidParameter {
        optional enum Engine engine = 1 [default = "Default"];
    }
}

message! {
    /// The `Softmax` layer.
    SoftmaxParameter {
        optional enum Engine engine = 1 [default = "Default"];
        optional int32 axis = 2 [default = 1];
    }
}

message! {
    /// The `Swish` layer: x·sigmoid(beta·x).
    SwishParameter {
        optional float beta = 1 [default = 1.0];
    }
}

message! {
    /// The `TanH` layer.
    TanHParameter {
        optional enum Engine engine = 1 [default = "Default"];
    }
}

message! {
    /// The `Threshold` layer.
    ThresholdParameter {
        optional float threshold = 1;
    }
}
