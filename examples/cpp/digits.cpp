// Handwritten digits in C++: trains a network on pictures, stores it, loads it, and asks it about
// pictures that it has not seen.
//
//     c++ -std=c++17 digits.cpp $(pkg-config --cflags --libs martlet) -o digits
//     ./digits FOLDER digits.safetensors
//
// FOLDER holds MNIST's four files, or smaller ones that examples/make_digits.py writes. A model's
// file that is there already is only loaded: it may come from the same program in another language.
// After the same seed all of them find the same losses, which stand here in hexadecimal, too, for
// nothing to be rounded away.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "martlet.hpp"

namespace {

constexpr int classes = 10, epochs = 8, batch_size = 32;

// What an IDX file holds: two zero bytes, the type (8: bytes), the number of axes; the extents,
// big-endian; the values.
struct Idx {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;

  Idx(const std::filesystem::path &path, std::size_t axes) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    const std::size_t head = 4 + 4 * axes;
    if (bytes.size() < head || bytes[2] != 8 || bytes[3] != axes)
      throw std::runtime_error(path.string() + " is no IDX file of bytes with " +
                               std::to_string(axes) + " axes");
    std::int64_t count = 1;
    for (auto extent = bytes.begin() + 4; extent != bytes.begin() + head; extent += 4) {
      shape.push_back(std::int64_t{extent[0]} << 24 | extent[1] << 16 | extent[2] << 8 | extent[3]);
      count *= shape.back();
    }
    values.assign(bytes.begin() + head, bytes.end());
    if (static_cast<std::int64_t>(values.size()) != count)
      throw std::runtime_error(path.string() + " is cut short, or too long");
  }
};

// part: "train" or "test"
struct Pictures {
  Idx images, labels;

  Pictures(const std::filesystem::path &folder, const std::string &part)
      : images(folder / (part + "-images.idx3-ubyte"), 3),
        labels(folder / (part + "-labels.idx1-ubyte"), 1) {
    images.shape.push_back(1);  // images are channels last
  }
};

martlet::Model make_model(const std::vector<std::int64_t> &picture_shape) {
  const auto input = martlet::Symbol::input(picture_shape, "picture");
  const auto output =
      input.then("Rescaling", R"({"scale": 0.00392156862745098})")
          .then("Conv2D", R"({"filters": 32, "kernel_size": 3, "activation": "relu"})")
          .then("MaxPooling2D")
          .then("Dropout", R"({"rate": 0.25})")
          .then("Flatten")
          .then("Dense", R"({"units": 10, "activation": "softmax"})");
  martlet::Model model(input, output, "digits");
  model.compile(R"({
    "optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.003}},
    "losses": [{"class_name": "SparseCategoricalCrossentropy"}],
    "metrics": [[{"class_name": "Accuracy", "name": "accuracy"}]]})");
  return model;
}

void train(martlet::Model &model, const Pictures &data) {
  const martlet::Array x(data.images.values, data.images.shape);
  const martlet::Array y(data.labels.values, data.labels.shape);
  for (int epoch = 1; epoch <= epochs; epoch++) {
    // Draws over the line of the batch before.
    const auto results = model.train(
        x, y, batch_size, [epoch](std::int64_t done, std::int64_t count, const double *values) {
          std::printf("\repoch %d/%d: batch %d of %d, loss %.4f", epoch, epochs,
                      static_cast<int>(done), static_cast<int>(count), values[0]);
          std::fflush(stdout);
        });
    std::printf("\repoch %d/%d: loss %.4f (%a), accuracy %.4f\n", epoch, epochs, results[0],
                results[0], results[1]);
  }
}

void test(martlet::Model &model, const Pictures &data) {
  const auto probabilities =
      model.predict(martlet::Array(data.images.values, data.images.shape), classes);
  int right = 0;
  double sure = 0;  // the sum of what the right digits were given
  auto given = probabilities.begin();
  for (const auto label : data.labels.values) {
    right += std::max_element(given, given + classes) - given == label;
    sure += given[label];
    given += classes;
  }
  const auto count = data.labels.values.size();
  const double mean = sure / static_cast<double>(count);
  std::printf("%d of %zu test pictures are told right: accuracy %.4f, mean probability %.4f (%a)\n",
              right, count, right / static_cast<double>(count), mean, mean);
}

}  // namespace

int main(int argc, char **argv) try {
  if (argc != 3) {
    std::fputs("usage: digits FOLDER MODEL.safetensors\n", stderr);
    return 2;
  }
  const std::filesystem::path folder = argv[1], path = argv[2];
  if (std::filesystem::exists(path)) {
    std::printf("%s is there already and not trained again\n", path.c_str());
  } else {
    const Pictures data(folder, "train");
    martlet_set_random_seed(7);
    auto model = make_model({data.images.shape.begin() + 1, data.images.shape.end()});
    train(model, data);
    model.save(path);
  }
  auto model = martlet::Model::load(path);
  test(model, Pictures(folder, "test"));
  return 0;
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
