//! The built-in targets, a file each. To add one, write its file, name it here, and add it to the tables of the tests.

mod aws;
mod doppler;
mod gcloud;
mod gh;
mod k8s;
mod op;
mod pass;
mod vault;

use super::preset::Preset;

/// All of them, as help names them.
pub(crate) static ALL: &[&Preset] = &[
    &gh::GH,
    &aws::AWS,
    &doppler::DOPPLER,
    &op::OP,
    &vault::VAULT,
    &k8s::K8S,
    &pass::PASS,
    &gcloud::GCLOUD,
];

/// Their forms in one line.
pub(crate) fn forms() -> String {
    let forms: Vec<&str> = ALL.iter().map(|preset| preset.form).collect();
    forms.join(", ")
}
