//! `gcloud:PROJECT/SECRET`: a secret of Google Cloud Secret Manager; without a project, in the current one.
//!
//! Names: <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create>.
//! Programs: <https://cloud.google.com/sdk/gcloud/reference/secrets/versions/add>,
//! <https://cloud.google.com/sdk/gcloud/reference/secrets/versions/access>.

use crate::core::sink::parts::{Parts, part};
use crate::core::sink::preset::{
    Contents, DEFAULT_LIMIT, Pin, Preflight, Preset, ReadBack, Stdin, Unread, VALUE_ALONE, Words, lines, replaced,
    succeeds,
};

const ACCESS: Words = "gcloud secrets versions access latest --secret={secret} --project={project} --quiet";

pub(super) static GCLOUD: Preset = Preset {
    scheme: "gcloud",
    form: "gcloud:[PROJECT/]SECRET",
    parse,
    pin: Some(Pin {
        part: "project",
        argv: "gcloud config get-value project --quiet",
        hint: Some("There is no current project: name one in the target, as in gcloud:PROJECT/SECRET"),
    }),
    on_windows: true,
    limit: DEFAULT_LIMIT,
    preflights: &[Preflight {
        argv: "gcloud secrets describe {secret} --project={project} --quiet --format=value(name)",
        agrees: succeeds,
        hint: "Sign in with “gcloud auth login”; the secret must exist in that project",
    }],
    // Not quiet, a question of its own would read the value as the answer.
    command: "gcloud secrets versions add {secret} --project={project} --data-file=- --quiet",
    // No line break after the value, which would be a part of the secret.
    // https://github.com/googleapis/google-cloud-python/issues/10436
    stdin: Stdin::Edited(Contents {
        argv: ACCESS,
        hint: "",
        // Google keeps every version, so nothing is lost there.
        failed: |_, _| Unread::Empty,
        edit: |_, value, printed| replaced(value, printed, "Keep the key in a secret of its own"),
        secrets: lines,
    }),
    read_back: ReadBack {
        argv: ACCESS,
        shows: VALUE_ALONE,
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    let (project, secret) = match rest.split_once('/') {
        None => (None, rest),
        Some((project, secret)) => (Some(project), secret),
    };
    if let Some(project) = project {
        // A colon stands after the domain that an old project belongs to.
        part("the project", project, 128, |c| {
            c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':')
        })?;
    }
    part("the secret's name", secret, 255, |c| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
    })?;
    Ok(Parts::new([("project", project), ("secret", Some(secret))]))
}
