//! What is printed and written of an evaluation.

use std::fmt::Write;

use firebrick::{Evaluation, Prediction};
use serde::Serialize;

use crate::Failure;

/// The figures. Images that could not be classified count in none of them but `images`.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    /// Images of the list.
    images: usize,
    /// Those that were classified.
    classified: usize,
    top1: Figure,
    top5: Figure,
    #[serde(skip)]
    predictions: &'a [Prediction],
}

/// For how many images the right class is among the best.
#[derive(Serialize)]
struct Figure {
    images: usize,
    /// Of those that were classified.
    percent: Option<f64>,
}

/// An image's prediction. The rank of the right class is 1 if the model is right.
#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    class_index: usize,
    rank: usize,
    best: Vec<Class>,
}

#[derive(Serialize)]
struct Class {
    index: usize,
    value: f32,
}

impl<'a> Report<'a> {
    /// The figures of an evaluation of so many images.
    pub(super) fn of(evaluation: &'a Evaluation, n_images: usize) -> Self {
        let classified = evaluation.predictions.len();
        let figure = |k: usize| {
            let images = evaluation.n_within(k);
            let percent = (classified > 0).then(|| 100.0 * images as f64 / classified as f64);
            Figure { images, percent }
        };
        let (top1, top5) = (figure(1), figure(5));
        Report { images: n_images, classified, top1, top5, predictions: &evaluation.predictions }
    }

    /// The figures for people.
    pub(super) fn text(&self) -> String {
        let Report { images, classified, .. } = self;
        let first = if images == classified {
            format!("images  {images}")
        } else {
            format!("images  {images}, of which {classified} could be classified")
        };
        let figure = |name: &str, figure: &Figure| {
            let percent = figure.percent.map_or("-".to_owned(), |percent| format!("{percent:.1}%"));
            format!("{name}   {percent}  {} images", figure.images)
        };
        [first, figure("top-1", &self.top1), figure("top-5", &self.top5)].join("\n")
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.predictions.iter().map(|prediction| Row {
            file: &prediction.image,
            class_index: prediction.class,
            rank: prediction.rank + 1,
            best: prediction.best.iter().map(|&(index, value)| Class { index, value }).collect(),
        })
    }

    /// The predictions as JSON.
    pub(super) fn predictions_json(&self) -> Result<String, Failure> {
        let rows: Vec<Row<'_>> = self.rows().collect();
        Ok(serde_json::to_string_pretty(&rows).map_err(std::io::Error::other)? + "\n")
    }

    /// The predictions as a table: tabs between columns, the best classes and their values last.
    pub(super) fn predictions_tsv(&self) -> String {
        let n_best = self.predictions.iter().map(|prediction| prediction.best.len()).max().unwrap_or(0);
        let mut text = "file\tclass_index\trank".to_owned();
        for k in 1..=n_best {
            // Writing to a string can't fail.
            let _ = write!(text, "\tbest_{k}\tvalue_{k}");
        }
        text.push('\n');
        for row in self.rows() {
            let _ = write!(text, "{}\t{}\t{}", row.file, row.class_index, row.rank);
            for class in &row.best {
                let _ = write!(text, "\t{}\t{:?}", class.index, class.value);
            }
            text.push('\n');
        }
        text
    }
}
