//! Layers that read or make data, and image preprocessing.

use super::{BlobShape, FillerParameter};
use crate::declare::{enumeration, message};

message! {
    /// Preprocessing of input images.
    TransformationParameter {
        optional float scale = 1 [default = 1.0];
        optional bool mirror = 2;
        optional uint32 crop_size = 3;
        optional string mean_file = 4;
        repeated float mean_value = 5;
        optional bool force_color = 6;
        optional bool force_gray = 7;
    }
}

message! {
    /// The `Data` layer: images from a database.
    DataParameter {
        optional string source = 1;
        optional uint32 batch_size = 4;
        optional uint32 rand_skip = 7;
        optional enum DB backend = 8 [default = "Leveldb"];
        optional float scale = 2 [default = 1.0];
        optional string mean_file = 3;
        optional uint32 crop_size = 5;
        optional bool mirror = 6;
        optional bool force_encoded_color = 9;
        optional uint32 prefetch = 10 [default = 4];
    }
}

enumeration! {
    /// The database of a `Data` layer.
    DB {
        Leveldb = 0 "LEVELDB";
        Lmdb = 1 "LMDB";
    }
}

message! {
    /// The `DummyData` layer: blobs made by fillers.
    DummyDataParameter {
        repeated message FillerParameter data_filler = 1;
        repeated message BlobShape shape = 6;
        repeated uint32 num = 2;
        repeated uint32 channels = 3;
        repeated uint32 height = 4;
        repeated uint32 width = 5;
    }
}

message! {
    /// The `HDF5Data` layer.
    HDF5DataParameter {
        optional string source = 1;
        optional uint32 batch_size = 2;
        optional bool shuffle = 3;
    }
}

message! {
    /// The `HDF5Output` layer.
    HDF5OutputParameter {
        optional string file_name = 1;
    }
}

message! {
    /// The `ImageData` layer: images from files.
    ImageDataParameter {
        optional string source = 1;
        optional uint32 batch_size = 4 [default = 1];
        optional uint32 rand_skip = 7;
        optional bool shuffle = 8;
        optional uint32 new_height = 9;
        optional uint32 new_width = 10;
        optional bool is_color = 11 [default = true];
        optional float scale = 2 [default = 1.0];
        optional string mean_file = 3;
        optional uint32 crop_size = 5;
        optional bool mirror = 6;
        optional string root_folder = 12;
    }
}

message! {
    /// The `Input` layer: one shape for all tops, or one for each.
    InputParameter {
        repeated message BlobShape shape = 1;
    }
}

message! {
    /// The `MemoryData` layer.
    MemoryDataParameter {
        optional uint32 batch_size = 1;
        optional uint32 channels = 2;
        optional uint32 height = 3;
        optional uint32 width = 4;
    }
}

message! {
    /// The `Parameter` layer: a weight blob as a top.
    ParameterParameter {
        optional message BlobShape shape = 1;
    }
}

message! {
    /// The `WindowData` layer: crops of images.
    WindowDataParameter {
        optional string source = 1;
        optional float scale = 2 [default = 1.0];
        optional string mean_file = 3;
        optional uint32 batch_size = 4;
        optional uint32 crop_size = 5;
        optional bool mirror = 6;
        optional float fg_threshold = 7 [default = 0.5];
        optional float bg_threshold = 8 [default = 0.5];
        optional float fg_fraction = 9 [default = 0.25];
        optional uint32 context_pad = 10;
        optional string crop_mode = 11 [default = "warp"];
        optional bool cache_images = 12;
        optional string root_folder = 13;
    }
}

message! {
    /// The `Python` layer.
    PythonParameter {
        optional string module = 1;
        optional string layer = 2;
        optional string param_str = 3;
        optional bool share_in_parallel = 4;
    }
}
