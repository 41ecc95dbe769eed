// What each kind of model is, in a sentence and three more. Texts only: the panel that shows them is panels/explain.ts.
import type { Preset } from './setup.js';

export interface Explanation {
  /** What it does. */
  sentence: string;
  /** How, why, and what to try. */
  more: string;
}

const VAE = 'The encoder does not give a place but a normal distribution, from which the code is drawn.';
const KL =
  'A second part of the loss, KL, keeps these distributions near N(0, 1), so that there are no holes between the codes: every place of the map decodes to something.';

export const EXPLANATIONS: Record<Preset, Explanation> = {
  vae: {
    sentence: 'A variational autoencoder learns codes that new images can be drawn from.',
    more: `${VAE} ${KL} Try New samples while it learns.`,
  },
  betaVae: {
    sentence: 'A beta-VAE weighs the order of its codes against the sharpness of its images.',
    more: `${VAE} KL, which keeps codes near N(0, 1), counts beta times: above 1 the dimensions of a code come to mean different things, below 1 images are sharper. Change beta while it learns.`,
  },
  conditionalVae: {
    sentence: 'A conditional VAE is told the class of each image, so it can be asked for one.',
    more: `Its code need not say which digit it is, and tells slant and stroke instead. ${VAE} Choose a class beside the map: the same place is the same handwriting of another digit.`,
  },
  iwae: {
    sentence: 'An importance-weighted VAE draws several codes of each image, and counts the better ones more.',
    more: `${VAE} With one of them the loss is that of a VAE; the more there are, the nearer the loss comes to how likely the images are. A step takes longer: the decoder draws each of them.`,
  },
  ae: {
    sentence: 'A plain autoencoder learns to press an image into few numbers and to draw it again from them.',
    more: 'Nothing but the difference of the two images counts. Its reconstructions are sharper than those of a VAE of the same size. Between its codes are places that decode to nothing it has seen: drag the mark there.',
  },
  linear: {
    sentence: 'A linear autoencoder finds the principal components of the images.',
    more: 'It has no activation functions, so that its code is a weighted sum of pixels. The best that it can do is known: the directions along which images differ most. Compare its loss with that of a plain autoencoder of as many dimensions.',
  },
  sparse: {
    sentence: 'A sparse autoencoder has many numbers in its code, and learns to use few of them for each image.',
    more: 'The sum of their sizes counts as a part of the loss, times the L1 weight. What is left of a code is the parts that this image is made of. A larger weight gives fewer parts and blurrier images.',
  },
  denoising: {
    sentence: 'A denoising autoencoder is shown damaged images and learns to give back whole ones.',
    more: 'The damage is another one at each step, so it cannot be learnt by heart. To take it away, the model must know what images look like. Scribble noise over a drawing below, and see it cleaned.',
  },
  stacked: {
    sentence: 'A stacked autoencoder trains a layer after the other, then all of them together.',
    more: 'Each layer first learns to reconstruct what the layer before it gives. Deep models could be trained that way before better activation functions were known. The curve to the left of step 0 is this pretraining.',
  },
  convVae: {
    sentence: 'A convolutional VAE draws with small filters that are the same everywhere in the image.',
    more: `Each layer halves height and width, and looks for its channels’ patterns at every place. ${VAE} It needs fewer parameters, and more time a step.`,
  },
  convAe: {
    sentence:
      'A convolutional autoencoder presses an image together by small filters that are the same everywhere in it.',
    more: 'Each layer halves height and width, and looks for its channels’ patterns at every place. The decoder goes the way back. It needs fewer parameters than a plain autoencoder, and more time a step.',
  },
  convDenoising: {
    sentence: 'A convolutional denoising autoencoder restores damaged images by what is around each pixel.',
    more: 'It is shown damaged images and learns to give back whole ones. Each layer halves height and width, and looks for its channels’ patterns at every place. Scribble noise over a drawing below, and see it cleaned.',
  },
  vqVae: {
    sentence:
      'A VQ-VAE writes an image with a few signs of its own: each place of a small map is one vector of a codebook.',
    more: 'The encoder’s vector at each place becomes the nearest one of the codebook, which moves to the mean of what it stands for. Perplexity tells how many of the vectors are in use. An image is as many whole numbers as the map has places.',
  },
};
