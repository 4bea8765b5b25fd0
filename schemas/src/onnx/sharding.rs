//! How a model may be spread over devices, which is read to be ignored.

use crate::declare::message;

message! {
    /// How a node is spread over devices.
    NodeDeviceConfigurationProto {
        optional string configuration_id = 1;
        repeated message ShardingSpecProto sharding_spec = 2;
        optional int32 pipeline_stage = 3;
    }
}

message! {
    /// How a tensor is spread over devices.
    ShardingSpecProto {
        optional string tensor_name = 1;
        repeated int64 device = 2;
        repeated message IntIntListEntryProto index_to_device_group_map = 3;
        repeated message ShardedDimProto sharded_dim = 4;
    }
}

message! {
    /// A key with several values.
    IntIntListEntryProto {
        optional int64 key = 1;
        repeated int64 value = 2;
    }
}

message! {
    /// How a dimension is spread over devices.
    ShardedDimProto {
        optional int64 axis = 1;
        repeated message SimpleShardedDimProto simple_sharding = 2;
    }
}

message! {
    /// A dimension split evenly.
    SimpleShardedDimProto {
        optional int64 dim_value = 1;
        optional string dim_param = 2;
        optional int64 num_shards = 3;
    }
}
