//! What is printed of a run.

use firebrick::ir::Tensor;
use firebrick::ranking::n_classes;
use firebrick::{Labels, ranking};
use serde::Serialize;

use super::collect::Collected;
use crate::Failure;
use crate::display;

/// The results, an item for each image, or one for all arrays.
#[derive(Serialize)]
pub(super) struct Report {
    results: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    outputs: Vec<Output>,
}

#[derive(Serialize)]
struct Output {
    name: String,
    shape: Vec<usize>,
    /// The best classes, if the output is a number for each class.
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Class>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
}

#[derive(Serialize)]
struct Class {
    index: usize,
    value: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

#[derive(Serialize)]
struct Range {
    min: f32,
    max: f32,
    mean: f64,
}

impl Report {
    /// The results of the images named by `sources`, or of the arrays if there are none.
    pub(super) fn of(
        collected: &Collected,
        sources: Vec<String>,
        labels: Option<&Labels>,
        top: usize,
    ) -> Result<Self, Failure> {
        let outputs = collected.outputs()?;
        let n_items = if sources.is_empty() { batch(&outputs) } else { sources.len() };
        warn_of_labels(&outputs, labels);
        let item = |index: usize| Item {
            image: sources.get(index).cloned(),
            outputs: outputs.iter().map(|(name, tensor)| output(name, tensor, index, n_items, labels, top)).collect(),
        };
        Ok(Report { results: (0..n_items).map(item).collect() })
    }

    /// The results for people.
    pub(super) fn text(&self) -> String {
        let several = self.results.len() > 1;
        let item = |(index, item): (usize, &Item)| {
            let title = match &item.image {
                Some(image) => Some(image.clone()),
                None if several => Some(format!("item {index}")),
                None => None,
            };
            let outputs = item.outputs.iter().map(Output::text);
            title.into_iter().chain(outputs).collect::<Vec<_>>().join("\n")
        };
        self.results.iter().enumerate().map(item).collect::<Vec<_>>().join("\n\n")
    }
}

/// The items of a batch of arrays: the first dimension, if the outputs agree in it and all are lists of classes.
fn batch(outputs: &[(String, Tensor)]) -> usize {
    let n = outputs.first().and_then(|(_, tensor)| tensor.dims().first()).copied().unwrap_or(1);
    let same =
        outputs.iter().all(|(_, tensor)| tensor.dims().first() == Some(&n) && n_classes(tensor.dims(), n).is_some());
    if same { n.max(1) } else { 1 }
}

fn warn_of_labels(outputs: &[(String, Tensor)], labels: Option<&Labels>) {
    let Some(labels) = labels else { return };
    let sizes: Vec<usize> =
        outputs.iter().filter_map(|(_, tensor)| n_classes(tensor.dims(), *tensor.dims().first()?)).collect();
    if !sizes.is_empty() && !sizes.contains(&labels.len()) {
        display::remark(&format!("there are {} labels for {} classes", labels.len(), sizes[0]));
    }
}

fn output(name: &str, tensor: &Tensor, index: usize, n_items: usize, labels: Option<&Labels>, top: usize) -> Output {
    let values = ranking::numbers(tensor);
    match n_classes(tensor.dims(), n_items) {
        Some(n) => {
            let values = values.get(index * n..).and_then(|values| values.get(..n)).unwrap_or_default();
            Output {
                name: name.to_owned(),
                shape: tensor.dims()[1..].to_vec(),
                top: Some(best(values, labels, top)),
                range: None,
            }
        }
        None => Output { name: name.to_owned(), shape: tensor.dims().to_vec(), top: None, range: range(&values) },
    }
}

fn best(values: &[f32], labels: Option<&Labels>, k: usize) -> Vec<Class> {
    let label = |index| labels.map(|labels| labels.get(index).to_owned());
    let class = |index| Class { index, value: values[index], label: label(index) };
    ranking::best(values, k).into_iter().map(class).collect()
}

fn range(values: &[f32]) -> Option<Range> {
    let min = values.iter().copied().reduce(f32::min)?;
    let max = values.iter().copied().reduce(f32::max)?;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / values.len() as f64;
    Some(Range { min, max, mean })
}

impl Output {
    fn text(&self) -> String {
        if let Some(top) = &self.top {
            let row = |class: &Class| {
                let label = class.label.as_deref().unwrap_or_default();
                format!("  {:>9.4}  {:>4}  {label}", class.value, class.index).trim_end().to_owned()
            };
            return std::iter::once(self.name.clone()).chain(top.iter().map(row)).collect::<Vec<_>>().join("\n");
        }
        let shape = display::shape(&self.shape);
        match &self.range {
            Some(Range { min, max, mean }) => format!("{}  {shape}  from {min} to {max}, mean {mean:.6}", self.name),
            None => format!("{}  {shape}", self.name),
        }
    }
}
