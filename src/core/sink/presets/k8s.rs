//! `k8s:CONTEXT/NAMESPACE/SECRET/KEY`: a key of a Kubernetes Secret; without a context, in the current one.
//!
//! Names: <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>,
//! <https://kubernetes.io/docs/concepts/configuration/secret/>.
//! Programs: <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_patch/>.

use crate::core::sink::parts::{Parts, is_plain, is_shown, no_dots, part, path, shown, three};
use crate::core::sink::preset::{DEFAULT_LIMIT, Pin, Preflight, Preset, ReadBack, Stdin, VALUE_ALONE, succeeds};

pub(super) static K8S: Preset = Preset {
    scheme: "k8s",
    form: "k8s:[CONTEXT/]NAMESPACE/SECRET/KEY",
    parse,
    pin: Some(Pin {
        part: "context",
        argv: "kubectl config current-context",
        // A program inside a cluster has no context, and talks to that cluster.
        hint: None,
    }),
    on_windows: false,
    limit: DEFAULT_LIMIT,
    preflights: &[
        Preflight {
            argv: "kubectl get secret {secret} -n {namespace} --context={context} -o name",
            agrees: succeeds,
            hint: "The Secret must exist: create it once with “kubectl create secret generic”",
        },
        Preflight {
            argv: "kubectl auth can-i patch secrets/{secret} -n {namespace} --context={context} -q",
            agrees: succeeds,
            hint: "You may not patch this Secret",
        },
    ],
    // Applied from here, the value would be kept in an annotation as well, or, by the server's own apply, the other keys
    // would become ours and be dropped; a merge patch changes one key.
    // https://github.com/kubernetes/kubernetes/issues/23564 https://github.com/kubernetes/kubernetes/pull/112905
    // To it, `-` is no file. https://github.com/envoyproxy/gateway/issues/4022
    command: "kubectl patch secret {secret} -n {namespace} --context={context} --type=merge --patch-file=/dev/stdin",
    // A legal key holds nothing that JSON escapes.
    stdin: Stdin::Text("{\"data\":{\"{key}\":\"{secret:base64}\"}}"),
    read_back: ReadBack {
        argv: "kubectl get secret {secret} -n {namespace} --context={context} -o \
               'go-template={{index .data \"{key}\" | base64decode}}'",
        shows: VALUE_ALONE,
    },
};

fn parse(rest: &str) -> Result<Parts, String> {
    // Only the context may hold slashes, as an ARN or the name of a cluster does.
    let (context, place) = match rest.rmatch_indices('/').nth(2) {
        None => (None, rest),
        Some((at, _)) => {
            let (context, place) = rest.split_at(at);
            (Some(context), place.strip_prefix('/').unwrap_or(place))
        }
    };
    let [namespace, secret, key] = three(place, "NAMESPACE/SECRET/KEY")?;
    if let Some(context) = context {
        part("the context", context, 1024, is_shown)?;
        path("the context", context)?;
    }
    if namespace.len() > 63 || !is_dns_label(namespace) {
        return Err(format!(
            "the namespace “{}” is not 1 to 63 small letters, digits and inner dashes",
            shown(namespace)
        ));
    }
    if secret.len() > 253 || !secret.split('.').all(is_dns_label) {
        return Err(format!(
            "the Secret's name “{}” is not small letters, digits, inner dashes and inner dots",
            shown(secret)
        ));
    }
    part("the key", key, 253, |c| is_plain(c) && c != '/')?;
    if key.starts_with("..") {
        return Err("the key begins with two dots".to_owned());
    }
    no_dots("the key", key)?;
    Ok(Parts::new([
        ("context", context),
        ("namespace", Some(namespace)),
        ("secret", Some(secret)),
        ("key", Some(key)),
    ]))
}

fn is_dns_label(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
