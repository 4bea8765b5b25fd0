//! A caffemodel, written field by field.

/// A net of one fully connected layer `ip` of `rows` x `columns` weights, as a caffemodel.
pub(crate) fn fully_connected(rows: usize, columns: usize) -> Vec<u8> {
    let weights: Vec<u8> = (0..rows * columns).flat_map(|index| (index as f32).to_le_bytes()).collect();
    let mut dims = Vec::new();
    for dim in [rows, columns] {
        varint(&mut dims, dim);
    }
    // BlobProto: shape (7) with dim (1), data (5).
    let mut blob = message(7, &message(1, &dims));
    append(&mut blob, 5, &weights);
    drop(weights);
    // LayerParameter: name (1), type (2), blobs (7).
    let mut layer = message(1, b"ip");
    append(&mut layer, 2, b"InnerProduct");
    append(&mut layer, 7, &blob);
    drop(blob);
    // NetParameter: layer (100).
    message(100, &layer)
}

fn message(field: usize, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    append(&mut message, field, body);
    message
}

/// Appends a field of bytes: a string, packed numbers, or a message.
fn append(message: &mut Vec<u8>, field: usize, body: &[u8]) {
    const LENGTH_DELIMITED: usize = 2;
    varint(message, field << 3 | LENGTH_DELIMITED);
    varint(message, body.len());
    message.extend_from_slice(body);
}

fn varint(message: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}
