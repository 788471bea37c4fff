//! What the program needs of martlet.h: the declarations, and types that release what they hold and
//! turn statuses into results. Copy it beside a program of your own, and extend it there.

use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::os::raw::{c_char, c_void};
use std::ptr::{null, null_mut};

/// The declarations, as they stand in the header.
mod c {
    use super::*;

    #[repr(C)]
    pub struct Layer(c_void);
    #[repr(C)]
    pub struct Symbol(c_void);
    #[repr(C)]
    pub struct Model(c_void);

    #[repr(C)]
    pub struct Array {
        pub data: *const c_void,
        pub shape: *const i64,
        pub strides: *const i64,
        pub rank: i32,
        pub dtype: i32,
    }

    #[repr(C)]
    pub struct Data {
        pub struct_size: usize,
        pub x: *const Array,
        pub y: *const Array,
        pub sample_weight: *const Array,
        pub x_count: i32,
        pub y_count: i32,
        pub sample_weight_count: i32,
        pub class_weight_count: i32,
        pub classes: *const i64,
        pub class_weights: *const f64,
    }

    pub type Progress = extern "C" fn(*mut c_void, i64, i64, *const f64, i32) -> i32;

    #[repr(C)]
    pub struct EpochOptions {
        pub struct_size: usize,
        pub batch_size: i64,
        pub shuffle: i32,
        pub on_nan: i32,
        pub progress: Option<Progress>,
        pub user: *mut c_void,
        pub continues: i32,
    }

    #[link(name = "martlet")]
    extern "C" {
        pub fn martlet_last_error() -> *const c_char;
        pub fn martlet_set_random_seed(seed: u64);
        pub fn martlet_input_create(
            out: *mut *mut Symbol,
            shape: *const i64,
            rank: i32,
            name: *const c_char,
        ) -> i32;
        pub fn martlet_layer_create(
            out: *mut *mut Layer,
            class_name: *const c_char,
            attributes: *const c_char,
        ) -> i32;
        pub fn martlet_layer_call(
            out: *mut *mut Symbol,
            layer: *mut Layer,
            inputs: *const *mut Symbol,
            input_count: i32,
        ) -> i32;
        pub fn martlet_layer_release(layer: *mut Layer);
        pub fn martlet_symbol_release(symbol: *mut Symbol);
        pub fn martlet_model_create(
            out: *mut *mut Model,
            inputs: *const *mut Symbol,
            input_count: i32,
            outputs: *const *mut Symbol,
            output_count: i32,
            class_name: *const c_char,
            name: *const c_char,
        ) -> i32;
        pub fn martlet_model_load(out: *mut *mut Model, path: *const c_char) -> i32;
        pub fn martlet_model_save(
            model: *mut Model,
            path: *const c_char,
            options: *const c_char,
        ) -> i32;
        pub fn martlet_model_release(model: *mut Model);
        pub fn martlet_model_compile(model: *mut Model, configuration: *const c_char) -> i32;
        pub fn martlet_model_check(model: *const Model, data: *const Data) -> i32;
        pub fn martlet_model_value_count(model: *const Model) -> i64;
        pub fn martlet_model_train(
            model: *mut Model,
            data: *const Data,
            options: *const EpochOptions,
            results: *mut f64,
        ) -> i32;
        pub fn martlet_model_predict(
            model: *mut Model,
            x: *const Array,
            x_count: i32,
            training: i32,
            options: *const EpochOptions,
            outputs: *const *mut f32,
            output_count: i32,
        ) -> i32;
    }
}

const UINT8: i32 = 3;

/// What went wrong, in the library's words: the layer or argument, what was expected and given.
pub type Result<T> = std::result::Result<T, String>;

fn check(status: i32) -> Result<()> {
    if status == 0 {
        return Ok(());
    }
    let message = unsafe { CStr::from_ptr(c::martlet_last_error()) };
    Err(message.to_string_lossy().into_owned())
}

fn text(value: &str) -> Result<CString> {
    CString::new(value).map_err(|_| format!("{value:?} has a zero byte in it"))
}

/// Starts all randomness afresh.
pub fn set_random_seed(seed: u64) {
    unsafe { c::martlet_set_random_seed(seed) }
}

/// Bytes with their shape, the samples first. Looks at the caller's memory.
pub struct Array<'a> {
    c: c::Array,
    values: PhantomData<&'a [u8]>,
}

impl<'a> Array<'a> {
    pub fn new(values: &'a [u8], shape: &'a [i64]) -> Self {
        assert_eq!(values.len() as i64, shape.iter().product::<i64>());
        let c = c::Array {
            data: values.as_ptr().cast(),
            shape: shape.as_ptr(),
            strides: null(),
            rank: shape.len() as i32,
            dtype: UINT8,
        };
        Array {
            c,
            values: PhantomData,
        }
    }

    fn samples(&self) -> usize {
        unsafe { *self.c.shape as usize }
    }
}

struct Layer(*mut c::Layer);

impl Drop for Layer {
    fn drop(&mut self) {
        unsafe { c::martlet_layer_release(self.0) }
    }
}

/// A tensor to be: an input, or what layers make of it.
pub struct Symbol(*mut c::Symbol);

impl Drop for Symbol {
    fn drop(&mut self) {
        unsafe { c::martlet_symbol_release(self.0) }
    }
}

impl Symbol {
    pub fn input(shape: &[i64], name: &str) -> Result<Self> {
        let (mut out, name) = (null_mut(), text(name)?);
        check(unsafe {
            c::martlet_input_create(&mut out, shape.as_ptr(), shape.len() as i32, name.as_ptr())
        })?;
        Ok(Symbol(out))
    }

    /// The output of a layer of this class and these attributes, a JSON object as in Keras.
    pub fn then(&self, class_name: &str, attributes: &str) -> Result<Self> {
        let (class_name, attributes) = (text(class_name)?, text(attributes)?);
        let mut layer = Layer(null_mut());
        let mut out = null_mut();
        check(unsafe {
            c::martlet_layer_create(&mut layer.0, class_name.as_ptr(), attributes.as_ptr())
        })?;
        check(unsafe { c::martlet_layer_call(&mut out, layer.0, &self.0, 1) })?;
        Ok(Symbol(out))
    }
}

/// A model with one input and one output.
pub struct Model(*mut c::Model);

impl Drop for Model {
    fn drop(&mut self) {
        unsafe { c::martlet_model_release(self.0) }
    }
}

impl Model {
    pub fn new(input: &Symbol, output: &Symbol, name: &str) -> Result<Self> {
        let (mut out, name) = (null_mut(), text(name)?);
        check(unsafe {
            c::martlet_model_create(&mut out, &input.0, 1, &output.0, 1, null(), name.as_ptr())
        })?;
        Ok(Model(out))
    }

    pub fn load(path: &str) -> Result<Self> {
        let (mut out, path) = (null_mut(), text(path)?);
        check(unsafe { c::martlet_model_load(&mut out, path.as_ptr()) })?;
        Ok(Model(out))
    }

    pub fn save(&mut self, path: &str) -> Result<()> {
        let path = text(path)?;
        check(unsafe { c::martlet_model_save(self.0, path.as_ptr(), null()) })
    }

    pub fn compile(&mut self, configuration: &str) -> Result<()> {
        let configuration = text(configuration)?;
        check(unsafe { c::martlet_model_compile(self.0, configuration.as_ptr()) })
    }

    /// One pass over the data. Returns what `compile` asked for: the loss, then the metrics.
    ///
    /// `progress` is called after each batch with the number of batches done, that of all batches,
    /// and the values so far. It must not panic.
    pub fn train<F: FnMut(i64, i64, &[f64])>(
        &mut self,
        x: &Array,
        y: &Array,
        batch_size: i64,
        mut progress: F,
    ) -> Result<Vec<f64>> {
        extern "C" fn report<F: FnMut(i64, i64, &[f64])>(
            user: *mut c_void,
            done: i64,
            count: i64,
            values: *const f64,
            value_count: i32,
        ) -> i32 {
            let progress = unsafe { &mut *user.cast::<F>() };
            let values = unsafe { std::slice::from_raw_parts(values, value_count as usize) };
            progress(done, count, values);
            0 // go on
        }

        let data = c::Data {
            struct_size: std::mem::size_of::<c::Data>(),
            x: &x.c,
            y: &y.c,
            sample_weight: null(),
            x_count: 1,
            y_count: 1,
            sample_weight_count: 0,
            class_weight_count: 0,
            classes: null(),
            class_weights: null(),
        };
        let options = c::EpochOptions {
            struct_size: std::mem::size_of::<c::EpochOptions>(),
            batch_size,
            shuffle: 1,
            on_nan: 0,
            progress: Some(report::<F>),
            user: (&mut progress as *mut F).cast(),
            continues: 0,
        };
        check(unsafe { c::martlet_model_check(self.0, &data) })?;
        let mut results = vec![0.0; unsafe { c::martlet_model_value_count(self.0) } as usize];
        check(unsafe { c::martlet_model_train(self.0, &data, &options, results.as_mut_ptr()) })?;
        Ok(results)
    }

    /// The output for each sample, one behind the other.
    pub fn predict(&mut self, x: &Array, values_per_sample: usize) -> Result<Vec<f32>> {
        let mut values = vec![0.0; x.samples() * values_per_sample];
        let place = values.as_mut_ptr();
        check(unsafe { c::martlet_model_predict(self.0, &x.c, 1, 0, null(), &place, 1) })?;
        Ok(values)
    }
}
