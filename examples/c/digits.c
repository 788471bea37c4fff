/* Handwritten digits in C: trains a network on pictures, stores it, loads it, and asks it about
 * pictures that it has not seen.
 *
 *     cc digits.c $(pkg-config --cflags --libs martlet) -o digits
 *     ./digits FOLDER digits.safetensors
 *
 * FOLDER holds MNIST's four files, or smaller ones that examples/make_digits.py writes. A model's
 * file that is there already is only loaded: it may come from the same program in another language.
 * After the same seed all of them find the same losses, which stand here in hexadecimal, too, for
 * nothing to be rounded away. */
#include <martlet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, EPOCHS = 8, BATCH_SIZE = 32 };

/* Ends the program where a call has failed. */
static void check(martlet_status status) {
  if (status == MARTLET_OK) return;
  fprintf(stderr, "%s\n", martlet_last_error());
  exit(1);
}

static void *allocate(size_t size) {
  void *memory = malloc(size);
  if (memory != NULL) return memory;
  fprintf(stderr, "no memory for %zu bytes\n", size);
  exit(1);
}

/* ---- Pictures ---- */

typedef struct {
  uint8_t *images, *labels;
  int64_t shape[4]; /* samples, height, width, 1 */
} pictures;

/* Reads an IDX file: two zero bytes, the type (8: bytes), the number of axes; the extents,
 * big-endian; the values. The caller frees them. */
static uint8_t *read_idx(const char *folder, const char *name, int axes, int64_t *shape) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "rb");
  uint8_t head[4 + 4 * 4];
  size_t head_size = 4 + 4 * (size_t)axes;
  if (file == NULL || fread(head, 1, head_size, file) != head_size || head[2] != 8 ||
      head[3] != axes) {
    fprintf(stderr, "%s is no IDX file of bytes with %d axes\n", path, axes);
    exit(1);
  }
  size_t count = 1;
  for (int axis = 0; axis < axes; axis++) {
    const uint8_t *extent = head + 4 + 4 * axis;
    shape[axis] = (int64_t)extent[0] << 24 | extent[1] << 16 | extent[2] << 8 | extent[3];
    count *= (size_t)shape[axis];
  }
  uint8_t *values = allocate(count);
  if (fread(values, 1, count, file) != count) {
    fprintf(stderr, "%s is cut short\n", path);
    exit(1);
  }
  fclose(file);
  return values;
}

/* part: "train" or "test" */
static pictures read_pictures(const char *folder, const char *part) {
  pictures data;
  char name[64];
  snprintf(name, sizeof name, "%s-images.idx3-ubyte", part);
  data.images = read_idx(folder, name, 3, data.shape);
  data.shape[3] = 1; /* images are channels last */
  int64_t label_count;
  snprintf(name, sizeof name, "%s-labels.idx1-ubyte", part);
  data.labels = read_idx(folder, name, 1, &label_count);
  if (label_count == data.shape[0]) return data;
  fprintf(stderr, "%s: there are not as many labels as pictures\n", folder);
  exit(1);
}

/* ---- The model ---- */

/* Calls a layer on one symbol and lets go of both: the new symbol keeps what it needs. */
static martlet_symbol *then(martlet_symbol *input, const char *class_name,
                            const char *attributes) {
  martlet_layer *layer = NULL;
  martlet_symbol *output = NULL;
  check(martlet_layer_create(&layer, class_name, attributes));
  check(martlet_layer_call(&output, layer, &input, 1));
  martlet_layer_release(layer);
  martlet_symbol_release(input);
  return output;
}

static martlet_model *make_model(const int64_t picture_shape[3]) {
  martlet_symbol *input = NULL, *x = NULL;
  martlet_layer *scale = NULL;
  check(martlet_input_create(&input, picture_shape, 3, "picture"));
  check(martlet_layer_create(&scale, "Rescaling", "{\"scale\": 0.00392156862745098}"));
  check(martlet_layer_call(&x, scale, &input, 1));
  x = then(x, "Conv2D", "{\"filters\": 32, \"kernel_size\": 3, \"activation\": \"relu\"}");
  x = then(x, "MaxPooling2D", NULL);
  x = then(x, "Dropout", "{\"rate\": 0.25}");
  x = then(x, "Flatten", NULL);
  x = then(x, "Dense", "{\"units\": 10, \"activation\": \"softmax\"}");

  martlet_model *model = NULL;
  check(martlet_model_create(&model, &input, 1, &x, 1, NULL, "digits"));
  martlet_layer_release(scale);
  martlet_symbol_release(input);
  martlet_symbol_release(x);
  check(martlet_model_compile(
      model,
      "{\"optimizer\": {\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.003}},"
      " \"losses\": [{\"class_name\": \"SparseCategoricalCrossentropy\"}],"
      " \"metrics\": [[{\"class_name\": \"Accuracy\", \"name\": \"accuracy\"}]]}"));
  return model;
}

/* ---- Training and asking ---- */

/* Draws over the line of the batch before. */
static int32_t show_progress(void *epoch, int64_t done, int64_t count, const double *values,
                             int32_t value_count) {
  (void)value_count;
  printf("\repoch %d/%d: batch %d of %d, loss %.4f", *(int *)epoch, EPOCHS, (int)done, (int)count,
         values[0]);
  fflush(stdout);
  return 0; /* go on */
}

static void train(martlet_model *model, const pictures *data) {
  const martlet_array x = {data->images, data->shape, NULL, 4, MARTLET_UINT8};
  const martlet_array y = {data->labels, data->shape, NULL, 1, MARTLET_UINT8};
  const martlet_data samples = {
      .struct_size = sizeof samples, .x = &x, .y = &y, .x_count = 1, .y_count = 1};
  check(martlet_model_check(model, &samples));
  for (int epoch = 1; epoch <= EPOCHS; epoch++) {
    const martlet_epoch_options options = {.struct_size = sizeof options,
                                           .batch_size = BATCH_SIZE,
                                           .shuffle = 1,
                                           .progress = show_progress,
                                           .user = &epoch};
    double results[2]; /* loss and accuracy */
    check(martlet_model_train(model, &samples, &options, results));
    printf("\repoch %d/%d: loss %.4f (%a), accuracy %.4f\n", epoch, EPOCHS, results[0],
           results[0], results[1]);
  }
}

static void test(martlet_model *model, const pictures *data) {
  int64_t count = data->shape[0];
  const martlet_array x = {data->images, data->shape, NULL, 4, MARTLET_UINT8};
  float *probabilities = allocate((size_t)count * CLASSES * sizeof(float));
  check(martlet_model_predict(model, &x, 1, 0, NULL, &probabilities, 1));

  int right = 0;
  double sure = 0; /* the sum of what the right digits were given */
  for (int64_t n = 0; n < count; n++) {
    const float *given = probabilities + n * CLASSES;
    int best = 0;
    for (int digit = 1; digit < CLASSES; digit++)
      if (given[digit] > given[best]) best = digit;
    right += best == data->labels[n];
    sure += given[data->labels[n]];
  }
  double mean = sure / (double)count;
  printf("%d of %d test pictures are told right: accuracy %.4f, mean probability %.4f (%a)\n",
         right, (int)count, (double)right / (double)count, mean, mean);
  free(probabilities);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: digits FOLDER MODEL.safetensors\n");
    return 2;
  }
  const char *folder = argv[1], *path = argv[2];
  FILE *stored = fopen(path, "rb");
  if (stored != NULL) {
    fclose(stored);
    printf("%s is there already and not trained again\n", path);
  } else {
    pictures data = read_pictures(folder, "train");
    martlet_set_random_seed(7);
    martlet_model *model = make_model(data.shape + 1);
    train(model, &data);
    check(martlet_model_save(model, path, NULL));
    martlet_model_release(model);
    free(data.images);
    free(data.labels);
  }

  martlet_model *model = NULL;
  check(martlet_model_load(&model, path));
  pictures data = read_pictures(folder, "test");
  test(model, &data);
  martlet_model_release(model);
  free(data.images);
  free(data.labels);
  return 0;
}
