//! `aws:SECRET_ID`: a secret of AWS Secrets Manager, by name or ARN, that holds the value alone; as `aws:SECRET_ID#FIELD`,
//! one field of a secret that holds a JSON object.
//!
//! Names: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>.
//! Programs: <https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/put-secret-value.html>,
//! <https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/get-secret-value.html>.

use crate::core::secret::Secret;
use crate::core::sink::json_field;
use crate::core::sink::parts::{Parts, is_plain, part};
use crate::core::sink::preset::{
    Agreement, Contents, DEFAULT_LIMIT, Edited, Ended, Preflight, Preset, ReadBack, Shows, Stdin, Unread, Words,
    is_same, replaced, succeeds, texts_or_lines,
};

const GET: Words = "aws secretsmanager get-secret-value --secret-id {secret_id} --query SecretString --output text";

pub(super) static AWS: Preset = Preset {
    scheme: "aws",
    form: "aws:SECRET_ID[#FIELD]",
    parse,
    pin: None,
    on_windows: false,
    limit: DEFAULT_LIMIT,
    preflights: &[
        Preflight {
            argv: "aws secretsmanager describe-secret --secret-id {secret_id}",
            agrees: succeeds,
            hint: "The secret must exist: create it once with “aws secretsmanager create-secret”",
        },
        // It would write the request, and the value with it, to a file. https://github.com/aws/aws-cli/issues/10560
        Preflight {
            argv: "aws configure get cli_history",
            agrees: keeps_no_history,
            hint: "cli_history is on, so the AWS CLI would write the value to a file: turn it off with “aws configure set \
                   cli_history disabled”",
        },
    ],
    // The documented ways are an argument, which every process can read, or a file.
    // https://github.com/aws/aws-cli/issues/7798
    command: "aws secretsmanager put-secret-value --secret-id {secret_id} --secret-string file:///dev/stdin",
    stdin: Stdin::Edited(Contents {
        argv: GET,
        hint: "The other fields stay, so the secret must be readable: secretsmanager:GetSecretValue",
        failed,
        edit,
        secrets: texts_or_lines,
    }),
    read_back: ReadBack {
        argv: GET,
        shows: Shows::Value(holds),
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    // Neither a name nor an ARN holds this mark.
    let (secret_id, field) = match rest.split_once('#') {
        None => (rest, None),
        Some((secret_id, field)) => (secret_id, Some(field)),
    };
    // A colon stands in ARNs only: `file://` and `http://` would make the program read the name from elsewhere.
    let arn = secret_id.starts_with("arn:");
    let what = "the secret's name or ARN";
    part(what, secret_id, if arn { 2048 } else { 512 }, |c| {
        is_plain(c) || matches!(c, '+' | '=' | '@' | '!') || (arn && c == ':')
    })?;
    if secret_id.contains("://") {
        return Err(format!("{what} is not a valid ARN"));
    }
    if let Some(field) = field {
        part("the field", field, 256, |c| {
            is_plain(c) && c != '/' || matches!(c, ' ' | ':' | '@' | '+' | '=')
        })?;
    }
    Ok(Parts::new([("secret_id", Some(secret_id)), ("field", field)]))
}

fn keeps_no_history(ended: &Ended<'_>) -> Agreement {
    if ended.stdout.trim_ascii().eq_ignore_ascii_case(b"enabled") {
        Agreement::No
    } else {
        Agreement::Yes
    }
}

fn failed(parts: &Parts, words: &str) -> Unread {
    match parts.get("field") {
        Some(_) => Unread::Failure,
        None if words.contains("ResourceNotFoundException") => Unread::Empty,
        None => Unread::Unknown,
    }
}

fn edit(parts: &Parts, value: &str, printed: &[u8]) -> Edited {
    match parts.get("field") {
        // The program adds the line break.
        Some(field) => json_field::with_field(field, value, printed.strip_suffix(b"\n").unwrap_or(printed)),
        None => {
            let instead = format!(
                "Name the field of a JSON object, as in aws:{}#FIELD, or keep the key in a secret of its own",
                parts.text("secret_id")
            );
            replaced(value, printed, &instead)
        }
    }
}

fn holds(parts: &Parts, secret: &Secret, read: &[u8]) -> bool {
    match parts.get("field") {
        Some(field) => json_field::holds(secret, field, read),
        None => is_same(secret, read),
    }
}
