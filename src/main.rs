//! The program: arguments to a face.

use std::alloc::System;
use std::ffi::OsString;
use std::process::ExitCode;

use chatzuri_keys::adapters::allocator::OnFailure;
use chatzuri_keys::adapters::hardening::harden;
use chatzuri_keys::cli::args::Args;
use chatzuri_keys::cli::output::Output;
use chatzuri_keys::cli::profile::Environment;
use chatzuri_keys::{app, cli, sandbox, tui};
use clap::CommandFactory;
use zeroizing_alloc::ZeroAlloc;

/// Wipes every block of memory when it is freed: no copy of a secret stays behind in one. Where no memory is left, the
/// person has their terminal back before the program ends.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<OnFailure<System>> = ZeroAlloc(OnFailure::new(System, tui::terminal::restore));

fn main() -> ExitCode {
    // What a machine cannot harden stops nobody's work; neither does a panic report that stays plain.
    let _ = harden();
    let _ = color_eyre::install();
    let args = arguments();
    let environment = Environment::read(|name| std::env::var_os(name));
    let mut output = Output::of_process(args.global.quiet, environment.no_color);
    let exit = app::run(&args, &environment, &mut output).unwrap_or_else(|trouble| {
        output.error(&trouble.sentence);
        trouble.exit
    });
    exit.into()
}

fn arguments() -> Args {
    let faults = |fault: clap::Arg| fault.long_help(format!("A fault to simulate: {}", sandbox::fault_help()));
    let command = || Args::command().mut_subcommand("sandbox", |sandbox| sandbox.mut_arg("fault", faults));
    let words: Vec<OsString> = std::env::args_os().collect();
    cli::usage::parse(command, &words).unwrap_or_else(|error| error.exit())
}
