"""Trains the digits net on scikit-learn's digits and writes every file this folder ships.

    pip install -r requirements.txt
    python train.py

Takes about a minute on one core. The seed, the split and the recipe are fixed; on one machine two runs write the same bytes.
The last line printed is the accuracy on the held-out images, which nothing was chosen by.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from google.protobuf import text_format
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import net

FOLDER = Path(__file__).parent
SEED = 2016
N_HELDOUT = 360
N_EPOCHS = 120
BATCH = net.TRAINING_BATCH
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-2
MAX_SHIFT = 4  # pixels of 32, in each direction
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
SAMPLES = [0, 3, 5, 7, 8]


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)

    train_images, train_labels, images, labels = load_images()
    model = train(train_images, train_labels)
    logits = predict(model, images)
    correct = logits.argmax(1) == labels
    accuracy = f"held-out accuracy: {correct.sum()}/{len(labels)}"

    write_net(model)
    np.savez_compressed(FOLDER / "heldout.npz", images=images, labels=labels, logits=logits)
    write_samples(images[correct], labels[correct])
    (FOLDER / "labels.txt").write_text("\n".join(NAMES) + "\n")
    (FOLDER / "accuracy.txt").write_text(accuracy + "\n")
    print(accuracy)


def load_images():
    """Training images and labels, then held-out ones: bytes N x 1 x 32 x 32 and N."""
    digits = load_digits()
    pixels = np.round(digits.images * 255 / 16).astype(np.uint8)
    images = pixels.repeat(net.SIDE // 8, axis=1).repeat(net.SIDE // 8, axis=2)[:, None]
    labels = digits.target.astype(np.uint8)
    train_images, heldout_images, train_labels, heldout_labels = train_test_split(
        images, labels, test_size=N_HELDOUT, stratify=labels, random_state=SEED
    )
    return train_images, train_labels, heldout_images, heldout_labels


def train(images, labels):
    """The model after `N_EPOCHS` of AdamW under a one-cycle learning rate."""
    images, labels = net.scaled(images, torch.float32), torch.from_numpy(labels.astype(np.int64))
    model = net.Net(net.deploy_net())
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=WEIGHT_DECAY)
    n_batches = -(-len(images) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, epochs=N_EPOCHS, steps_per_epoch=n_batches)
    for epoch in range(N_EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(images)).split(BATCH):
            loss = F.cross_entropy(model(shifted(images[batch])), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        if (epoch + 1) % 10 == 0:
            print(f"epoch {epoch + 1:3}: training loss {total / len(images):.4f}")
    return model.eval()


def shifted(images):
    """Each image moved by up to `MAX_SHIFT` pixels along each axis, with background (0) moving in."""
    padded = F.pad(images, [MAX_SHIFT] * 4)
    starts = torch.randint(2 * MAX_SHIFT + 1, (2, len(images), 1))
    rows, columns = starts + torch.arange(net.SIDE)
    return padded[torch.arange(len(images))[:, None, None], 0, rows[:, :, None], columns[:, None, :]][:, None]


def predict(model, images):
    """The logits of `images`, computed in float64 so that another engine's error can be measured against them."""
    with torch.no_grad():
        return model.double()(net.scaled(images, torch.float64)).numpy().astype(np.float32)


def write_net(model):
    text = text_format.MessageToString(net.deploy_net())
    (FOLDER / "deploy.prototxt").write_text(f"# Written by train.py.\n{text}")
    (FOLDER / "digits.caffemodel").write_bytes(net.training_net(model).SerializeToString(deterministic=True))


def write_samples(images, labels):
    """The first image of each of the digits `SAMPLES`, as a grayscale PNG."""
    (FOLDER / "images").mkdir(exist_ok=True)
    for digit in SAMPLES:
        first = images[labels == digit][0, 0]
        Image.fromarray(first).save(FOLDER / "images" / f"{NAMES[digit]}.png", optimize=True)


if __name__ == "__main__":
    main()
