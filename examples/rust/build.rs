//! Tells the linker, and the program, where the library is: in the PREFIX of `make install`.

fn main() {
    let prefix = std::env::var("MARTLET_PREFIX").unwrap_or_else(|_| "/usr/local".to_string());
    println!("cargo:rerun-if-env-changed=MARTLET_PREFIX");
    println!("cargo:rustc-link-search=native={prefix}/lib");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{prefix}/lib");
}
