//! How often a model is right.

mod dataset;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use firebrick_diagnostics::{Diagnostic, Report};
use firebrick_ir::Tensor;

pub use self::dataset::{Dataset, LabelledImage};
use crate::ranking::{best, n_classes, numbers, rank};
use crate::{Error, Images, OutputTensor, items};

/// How many of the best classes are kept of each image.
const N_BEST: usize = 5;

/// What runs a model: its outputs for inputs by name. Several threads call it at once.
pub type Run<'a> = &'a (dyn Fn(Vec<(String, Tensor)>) -> Result<Vec<OutputTensor>, Error> + Sync);

/// How images are classified.
pub struct Classifier<'a> {
    /// What runs the model.
    pub run: Run<'a>,
    /// What makes an item of the input of an image.
    pub images: &'a Images,
    /// The input's name.
    pub input: &'a str,
    /// What the other inputs are.
    pub others: &'a [(String, Tensor)],
    /// How many images are run together.
    pub batch: NonZeroUsize,
    /// How many batches are worked on at the same time: read, prepared and run.
    pub n_workers: NonZeroUsize,
    /// The output that tells classes apart; the only one that does, if it isn't said.
    pub output: Option<&'a str>,
}

/// What a model makes of a data set.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The images that were classified, in the list's order.
    pub predictions: Vec<Prediction>,
    /// What is wrong with each of the others.
    pub faults: Vec<Diagnostic>,
}

/// What a model makes of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The image, as the list names it.
    pub image: String,
    /// Its class.
    pub class: usize,
    /// The place of its class among all, by value: 0 if the model is right.
    pub rank: usize,
    /// The best classes, five at most, and their values.
    pub best: Vec<(usize, f32)>,
}

impl Evaluation {
    /// For how many images the right class is among the best `k`.
    pub fn n_within(&self, k: usize) -> usize {
        self.predictions.iter().filter(|prediction| prediction.rank < k).count()
    }
}

impl Classifier<'_> {
    /// Classifies all images of a data set. `progress` hears of each image that is done.
    ///
    /// # Errors
    /// If the model can't be run, or has no output that tells classes apart, or several. An image that can't be read, or
    /// whose class the model doesn't have, is a fault of the result instead.
    pub fn evaluate(&self, dataset: &Dataset, progress: &(dyn Fn(usize) + Sync)) -> Result<Evaluation, Error> {
        let chunks: Vec<&[LabelledImage]> = dataset.items().chunks(self.batch.get()).collect();
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Vec<Classified>)>> = Mutex::default();
        let failed: Mutex<Option<Error>> = Mutex::default();
        let has_failed = || failed.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let work = || {
            while let Some((index, chunk)) = claim(&next, &chunks).filter(|_| !has_failed()) {
                match self.classify(dataset, chunk) {
                    Ok(classified) => done.lock().unwrap_or_else(PoisonError::into_inner).push((index, classified)),
                    Err(error) => *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error),
                }
                progress(chunk.len());
            }
        };
        thread::scope(|scope| {
            for _ in 1..self.n_workers.get().min(chunks.len()) {
                scope.spawn(work);
            }
            work();
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|&(index, _)| index);
        let mut evaluation = Evaluation { predictions: Vec::new(), faults: Vec::new() };
        for classified in done.into_iter().flat_map(|(_, classified)| classified) {
            match classified {
                Ok(prediction) => evaluation.predictions.push(prediction),
                Err(fault) => evaluation.faults.push(*fault),
            }
        }
        Ok(evaluation)
    }

    /// Classifies the images of a batch, or of the last one, which may have fewer.
    fn classify(&self, dataset: &Dataset, chunk: &[LabelledImage]) -> Result<Vec<Classified>, Error> {
        let loaded: Vec<Result<Tensor, Error>> = chunk.iter().map(|item| self.images.load(&item.path)).collect();
        let tensors: Vec<Tensor> = loaded.iter().filter_map(|tensor| tensor.as_ref().ok().cloned()).collect();
        let values = if tensors.is_empty() { Vec::new() } else { self.values(tensors)? };
        let mut values = values.into_iter();
        let classified = chunk.iter().zip(loaded).map(|(item, loaded)| match loaded {
            Ok(_) => prediction(dataset, item, &values.next().unwrap_or_default()),
            Err(error) => Err(Box::new(dataset.at(item, error.to_string()))),
        });
        Ok(classified.collect())
    }

    /// The values of all classes, for each of a batch's images.
    fn values(&self, tensors: Vec<Tensor>) -> Result<Vec<Vec<f32>>, Error> {
        let n_images = tensors.len();
        let batch = items::stack_to(self.batch.get(), tensors).map_err(Error::Request)?;
        let inputs = self.others.iter().cloned().chain([(self.input.to_owned(), batch)]);
        let outputs = (self.run)(inputs.collect())?;
        let output = self.classifier(&outputs)?;
        let n = n_classes(output.tensor.dims(), self.batch.get()).unwrap_or(1);
        Ok(numbers(&output.tensor).chunks(n).take(n_images).map(<[f32]>::to_vec).collect())
    }

    /// The output that tells classes apart.
    fn classifier<'o>(&self, outputs: &'o [OutputTensor]) -> Result<&'o OutputTensor, Error> {
        let is_asked = |output: &&OutputTensor| self.output.is_none_or(|name| output.name == name);
        let is_classifier = |output: &&OutputTensor| n_classes(output.tensor.dims(), self.batch.get()).is_some();
        let found: Vec<&OutputTensor> = outputs.iter().filter(is_asked).filter(is_classifier).collect();
        let names = |outputs: &[&OutputTensor]| {
            outputs
                .iter()
                .map(|output| format!("{} {}", output.name, output.tensor.ty()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        match (&found[..], self.output) {
            ([only], _) => Ok(only),
            ([], Some(name)) => Err(Error::Request(format!("`{name}` is no output with a number for each class"))),
            ([], None) => {
                let all: Vec<&OutputTensor> = outputs.iter().collect();
                let message = format!("the model has no output with a number for each class, but {}", names(&all));
                Err(Error::Request(message))
            }
            (several, _) => {
                let message = format!("several outputs tell classes apart: {}; choose one of them", names(several));
                Err(Error::Request(message))
            }
        }
    }
}

/// An image's prediction, or what is wrong with it.
type Classified = Result<Prediction, Box<Diagnostic>>;

/// The next of some things that several threads work on, and its index.
fn claim<T: Copy>(next: &AtomicUsize, things: &[T]) -> Option<(usize, T)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    things.get(index).map(|&thing| (index, thing))
}

fn prediction(dataset: &Dataset, item: &LabelledImage, values: &[f32]) -> Classified {
    match rank(values, item.class) {
        None => Err(Box::new(dataset.beyond(item, values.len()))),
        Some(rank) => {
            let best = best(values, N_BEST).into_iter().map(|class| (class, values[class])).collect();
            Ok(Prediction { image: item.name.clone(), class: item.class, rank, best })
        }
    }
}

impl Evaluation {
    /// The result as it stands if there is something wrong with any image: all of it.
    ///
    /// # Errors
    /// If there is.
    pub fn check(&self) -> Result<(), Error> {
        Report::from_vec(self.faults.clone()).map_or(Ok(()), |report| Err(report.into()))
    }
}
