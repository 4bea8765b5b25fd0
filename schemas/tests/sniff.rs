//! What files are taken for.

use firebrick_schemas::{Content, sniff};

#[test]
fn files_by_their_first_bytes() {
    let mut tar = vec![0; 512];
    tar.splice(257..262, *b"ustar");
    let table: [(&[u8], Content); 24] = [
        (b"", Content::Empty),
        (b" \n\t", Content::Empty),
        (b"\xef\xbb\xbf", Content::Empty),
        (b"name: 'a'", Content::Text),
        (b"\xef\xbb\xbfname: 'a'", Content::Text),
        (b"# gr\xf6\xdfe\nlayer {}", Content::Text),
        (b"<!DOCTYPE HTML>", Content::Html),
        (b"\n  <html lang=en>", Content::Html),
        (b"version https://git-lfs.github.com/spec/v1\n", Content::GitLfsPointer),
        (b"\x1f\x8b\x08\x00", Content::Gzip),
        (b"PK\x03\x04", Content::Zip),
        (&tar, Content::Tar),
        (b"\x89HDF\r\n\x1a\n\0", Content::Hdf5),
        (b"\x89PNG\r\n\x1a\n", Content::Png),
        (b"\xff\xd8\xff\xe0", Content::Jpeg),
        (b"\xff\xfen\0", Content::Utf16),
        (b"\x0a\x03net\xa2\x06\x03\x0a\x01a", Content::CaffeNet),
        (b"\x0a\x03net\x12\x03\x22\x01a", Content::CaffeNet),
        (b"\x0a\x03net\xa2\x06\xff\xff\xff\x00ab", Content::CaffeNet),
        (b"\x08\x01\x10\x03\x18\x01\x20\x01\x2a\x04\0\0\0\0", Content::CaffeBlob),
        (b"\x3a\x02\x0a\x00\x2a\x04\0\0\0\0", Content::CaffeBlob),
        (b"\x08\x03\x12\x07pytorch\x3a\x03abc\x42\x02\x10\x09", Content::Onnx),
        (b"\x08\x03\x12\x07pytorch\x3a\xff\xff\x03abc", Content::Onnx),
        (b"\x80\x02}q\x00", Content::Unknown),
    ];
    for (bytes, content) in table {
        assert_eq!(sniff(bytes), content, "{bytes:?}");
        assert!(content.sentence().ends_with('.'));
    }
}
