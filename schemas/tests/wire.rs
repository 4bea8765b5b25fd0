//! The binary form: what is read, what is said about the rest, and that nothing more is taken than the file justifies.

use bytes::Bytes;
use firebrick_schemas::caffe::{BlobProto, BlobProtoVector, NetParameter, PoolMethod};
use firebrick_schemas::{Described, Unknown, decode};
use proptest::prelude::*;
use prost::Message;

/// A message with one field of bytes.
fn field(key: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("test messages are short");
    assert!(length < 128);
    [key, &[length], content].concat()
}

const LAYER: &[u8] = &[0xa2, 0x06];

fn layer(content: &[u8]) -> Vec<u8> {
    field(LAYER, content)
}

fn read<M: Described>(bytes: Vec<u8>) -> String {
    match decode::<M>(bytes.into()) {
        Ok((_, unknown)) => {
            unknown.iter().map(|field| format!("{field} (byte {})", field.offset)).collect::<Vec<_>>().join("; ")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_said() {
    let blob = |content: &[u8]| layer(&field(&[0x3a], content));
    let table: [(Vec<u8>, &str); 21] = [
        (vec![], ""),
        (layer(b"\x0a\x01a"), ""),
        (vec![0x0a, 5, b'a'], "name: says that 5 more bytes follow, but only 1 remain (byte 2)"),
        (layer(b"\x0a\x05a"), "layer[0].name: says that 5 more bytes follow, but only 1 remain (byte 5)"),
        (
            [layer(b""), blob(b"\x2a\x08abcd")].concat(),
            "layer[1].blobs[0].data: says that 8 more bytes follow, but only 4 remain (byte 10)",
        ),
        (
            blob(b"\x2a\x03abc"),
            "layer[0].blobs[0].data: has 3 bytes of packed numbers, which is not a multiple of 4 (byte 7)",
        ),
        (
            blob(b"\x42\x04abcd"),
            "layer[0].blobs[0].double_data: has 4 bytes of packed numbers, which is not a multiple of 8 (byte 7)",
        ),
        (blob(b"\x08\xff"), "layer[0].blobs[0].num: ends in the middle of a number (byte 6)"),
        (blob(b"\x2d\x00\x00"), "layer[0].blobs[0].data: says that 4 more bytes follow, but only 2 remain (byte 6)"),
        (
            blob(b"\x3a\x02\x0a\x05"),
            "layer[0].blobs[0].shape.dim: says that 5 more bytes follow, but only 0 remain (byte 9)",
        ),
        (
            vec![0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            "input_dim: has a number of more than 64 bits (byte 1)",
        ),
        (vec![0x80], "ends in the middle of a number (byte 0)"),
        (vec![0x02, 0], "has a field numbered 0, which protobuf does not allow (byte 0)"),
        (vec![0x0b], "name: has a field 1 of wire type 3, which files of this format do not use (byte 0)"),
        (vec![0x0f], "name: has a field 1 of wire type 7, which files of this format do not use (byte 0)"),
        (layer(b"\x0a\x03a\xffb"), "layer[0].name: is a string that is not valid UTF-8 (byte 6)"),
        (
            layer(b"\xca\x0c\x00\x10\x05"),
            "`layer[0]` (LayerParameter) has an unknown field with number 201 (byte 3); \
            `layer[0].type` is not of the type that field 2 of LayerParameter has (byte 6)",
        ),
        (layer(b"\xca\x07\x02\x08\x09"), "`layer[0].pooling_param.pool` has the unknown value 9 (byte 6)"),
        (vec![0xf8, 0x7f, 1], "NetParameter has an unknown field with number 2047 (byte 0)"),
        (b"\x22\x03\x01\x02\x03".to_vec(), ""),
        (b"\x22\x03\x01\x02\xff".to_vec(), "input_dim[0]: ends in the middle of a number (byte 4)"),
    ];
    for (bytes, said) in table {
        assert_eq!(read::<NetParameter>(bytes.clone()), said, "{bytes:?}");
    }
}

#[test]
fn unknown_values_become_defaults_and_are_listed() {
    let bytes = layer(b"\xca\x07\x04\x08\x09\x10\x03");
    let (net, unknown) = decode::<NetParameter>(bytes.into()).expect("unknown values are skipped");
    let pooling = net.layer[0].pooling_param.as_ref().expect("it is given");
    assert_eq!((pooling.pool, pooling.pool(), pooling.kernel_size()), (None, PoolMethod::Max, 3));
    assert_eq!(unknown.iter().map(|field| field.what).collect::<Vec<_>>(), [Unknown::EnumValue(9)]);
}

#[test]
fn blob_data_is_not_copied() {
    let values: Vec<u8> = (0..250_000_u32).flat_map(|value| (value as f32).to_le_bytes()).collect();
    let blob = BlobProto {
        data: vec![values.clone().into()],
        num: Some(1),
        channels: Some(250),
        height: Some(1000),
        width: Some(1),
        ..Default::default()
    };
    let input = Bytes::from(BlobProtoVector { blobs: vec![blob] }.encode_to_vec());
    let (vector, _) = decode::<BlobProtoVector>(input.clone()).expect("the vector is well-formed");
    let floats = vector.blobs[0].floats().expect("the blob has as many values as its dimensions say");
    assert_eq!(floats, values);
    assert!(input.as_ptr_range().contains(&floats.as_ptr()));
}

#[test]
fn blob_data_in_every_form() {
    let two = 2.0_f32.to_le_bytes();
    let three = 3.0_f32.to_le_bytes();
    let shape = b"\x3a\x02\x0a\x00";
    let alone = |value: &[u8]| [b"\x2d", value].concat();
    let packed = |values: &[u8]| field(b"\x2a", values);
    let values = [two, three].concat();
    let forms = [
        packed(&values),
        [packed(&two), packed(&three)].concat(),
        [alone(&two), alone(&three)].concat(),
        [alone(&two), packed(&three)].concat(),
        [packed(&two), shape.to_vec(), alone(&three)].concat(),
        [b"\x41".as_slice(), &2.0_f64.to_le_bytes(), b"\x41", &3.0_f64.to_le_bytes()].concat(),
        field(b"\x42", &[2.0_f64.to_le_bytes(), 3.0_f64.to_le_bytes()].concat()),
        [packed(&three), field(b"\x42", &[2.0_f64.to_le_bytes(), 3.0_f64.to_le_bytes()].concat())].concat(),
    ];
    for form in forms {
        let legacy = [form.as_slice(), b"\x08\x01\x10\x02\x18\x01\x20\x01"].concat();
        let (blob, unknown) = decode::<BlobProto>(legacy.into()).expect("the blob is well-formed");
        assert_eq!((blob.dims(), blob.floats()), (Ok(vec![1, 2, 1, 1]), Ok(values.clone().into())), "{form:?}");
        assert_eq!(unknown, []);
    }
}

#[test]
fn blobs_that_are_no_tensors() {
    let say = |blob: BlobProto| blob.floats().expect_err("the blob is no tensor").to_string();
    let shaped = |dim: Vec<i64>| BlobProto {
        shape: Some(Box::new(firebrick_schemas::caffe::BlobShape { dim })),
        ..Default::default()
    };
    assert_eq!(say(shaped(vec![2, 3])), "the blob has 0 values, but its dimensions [2, 3] make 6");
    assert_eq!(say(shaped(vec![2, -3])), "the blob has a dimension of -3");
    assert_eq!(
        say(shaped(vec![1 << 40, 1 << 40])),
        "the blob's dimensions [1099511627776, 1099511627776] are too large"
    );
    assert_eq!(say(BlobProto::default()), "the blob has 0 values, but its dimensions [] make 1");
}

#[test]
fn a_small_file_takes_little_memory() {
    // A million empty layers in three megabytes would be a gigabyte of structs.
    let layers = layer(b"").repeat(1_000_000);
    assert!(read::<NetParameter>(layers).contains("more than 112777216 bytes of memory"));
}

fn small_net() -> Vec<u8> {
    let mut net = NetParameter { name: Some("net".to_owned()), input_dim: vec![1, 3, -5], ..Default::default() };
    let mut layer = firebrick_schemas::caffe::LayerParameter { name: Some("é".to_owned()), ..Default::default() };
    layer.blobs.push(BlobProto { data: vec![vec![0; 16].into()], num: Some(4), ..Default::default() });
    layer.loss_weight = vec![1.0, 2.0];
    layer.pooling_param = Some(Box::default());
    net.layer = vec![layer.clone(), layer];
    net.encode_to_vec()
}

#[test]
fn truncated_anywhere() {
    let bytes = Bytes::from(small_net());
    for at in 0..=bytes.len() {
        if let Err(error) = decode::<NetParameter>(bytes.slice(..at)) {
            assert!(error.offset <= at as u64, "{error}");
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read::<NetParameter>(bytes.clone());
        read::<BlobProto>(bytes);
    }

    #[test]
    fn any_change(at in any::<prop::sample::Index>(), byte in any::<u8>(), more in prop::collection::vec(any::<u8>(), 0..4)) {
        let mut bytes = small_net();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.splice(at..at, more);
        read::<NetParameter>(bytes);
    }
}
