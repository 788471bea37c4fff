// What digits.cpp needs of martlet.h, as C++17 likes it: handles that release themselves, statuses
// that become exceptions, arrays that know their shapes. Copy it beside a program of your own, and
// extend it there: each class holds a handle of the C interface, and `get()` hands it to any of its
// functions.
#pragma once

#include <martlet.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace martlet {

// What a call has failed with. The text names the layer or argument, what was expected and given.
class Error : public std::runtime_error {
 public:
  explicit Error(martlet_status status)
      : std::runtime_error(martlet_last_error()), status(status) {}
  const martlet_status status;
};

inline void check(martlet_status status) {
  if (status != MARTLET_OK) throw Error(status);
}

// A handle that gives itself back.
template <auto release>
struct Releaser {
  template <typename Handle>
  void operator()(Handle *handle) const {
    release(handle);
  }
};
using LayerHandle = std::unique_ptr<martlet_layer, Releaser<martlet_layer_release>>;
using SymbolHandle = std::unique_ptr<martlet_symbol, Releaser<martlet_symbol_release>>;
using ModelHandle = std::unique_ptr<martlet_model, Releaser<martlet_model_release>>;

// Calls a function that creates a handle: `create` hands it the place to write to.
template <typename Owner, typename Create>
Owner made(Create create) {
  typename Owner::pointer handle = nullptr;
  check(create(&handle));
  return Owner(handle);
}

// Bytes with their shape, the samples first. Looks at the caller's memory.
class Array {
 public:
  Array(const std::vector<std::uint8_t> &values, std::vector<std::int64_t> shape)
      : shape_(std::move(shape)),
        array_{values.data(), shape_.data(), nullptr, static_cast<std::int32_t>(shape_.size()),
               MARTLET_UINT8} {}
  Array(const Array &) = delete;  // array_ points into shape_
  Array &operator=(const Array &) = delete;

  std::int64_t samples() const { return shape_[0]; }
  const martlet_array *get() const { return &array_; }

 private:
  std::vector<std::int64_t> shape_;
  martlet_array array_;
};

// A tensor to be: an input, or what layers make of it.
class Symbol {
 public:
  static Symbol input(const std::vector<std::int64_t> &shape, const char *name = nullptr) {
    return Symbol(made<SymbolHandle>([&](martlet_symbol **out) {
      return martlet_input_create(out, shape.data(), static_cast<std::int32_t>(shape.size()), name);
    }));
  }

  // The output of a layer of this class and these attributes, a JSON object as in Keras.
  Symbol then(const char *class_name, const char *attributes = nullptr) const {
    auto layer = made<LayerHandle>(
        [&](martlet_layer **out) { return martlet_layer_create(out, class_name, attributes); });
    martlet_symbol *input = get();
    return Symbol(made<SymbolHandle>([&](martlet_symbol **out) {
      return martlet_layer_call(out, layer.get(), &input, 1);
    }));
  }

  martlet_symbol *get() const { return handle_.get(); }

 private:
  explicit Symbol(SymbolHandle handle) : handle_(std::move(handle)) {}
  SymbolHandle handle_;
};

// A model with one input and one output.
class Model {
 public:
  // Called after each batch, with what it has come to so far.
  using Progress = std::function<void(std::int64_t done, std::int64_t count, const double *values)>;

  Model(const Symbol &input, const Symbol &output, const char *name = nullptr)
      : handle_(made<ModelHandle>([&](martlet_model **out) {
          martlet_symbol *from = input.get(), *to = output.get();
          return martlet_model_create(out, &from, 1, &to, 1, nullptr, name);
        })) {}

  static Model load(const std::string &path) {
    return Model(made<ModelHandle>(
        [&](martlet_model **out) { return martlet_model_load(out, path.c_str()); }));
  }

  void save(const std::string &path) { check(martlet_model_save(get(), path.c_str(), nullptr)); }

  void compile(const char *configuration) { check(martlet_model_compile(get(), configuration)); }

  // One pass over the data. Returns what compile() asked for: the loss, then the metrics.
  std::vector<double> train(const Array &x, const Array &y, std::int64_t batch_size,
                            const Progress &progress) {
    martlet_data data{};
    data.struct_size = sizeof data;
    data.x = x.get();
    data.y = y.get();
    data.x_count = data.y_count = 1;
    check(martlet_model_check(get(), &data));

    martlet_epoch_options options{};
    options.struct_size = sizeof options;
    options.batch_size = batch_size;
    options.shuffle = 1;
    options.user = const_cast<Progress *>(&progress);
    options.progress = [](void *user, std::int64_t done, std::int64_t count, const double *values,
                          std::int32_t) -> std::int32_t {
      (*static_cast<Progress *>(user))(done, count, values);
      return 0;  // go on
    };
    std::vector<double> results(static_cast<std::size_t>(martlet_model_value_count(get())));
    check(martlet_model_train(get(), &data, &options, results.data()));
    return results;
  }

  // The output for each sample, one behind the other.
  std::vector<float> predict(const Array &x, std::size_t values_per_sample) {
    std::vector<float> values(static_cast<std::size_t>(x.samples()) * values_per_sample);
    float *place = values.data();
    check(martlet_model_predict(get(), x.get(), 1, 0, nullptr, &place, 1));
    return values;
  }

  martlet_model *get() const { return handle_.get(); }

 private:
  explicit Model(ModelHandle handle) : handle_(std::move(handle)) {}
  ModelHandle handle_;
};

}  // namespace martlet
