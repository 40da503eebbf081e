//! What would be revoked, before it is.

use crate::cli::output::Output;
use crate::core::bulk::{BulkPlan, rotation_of};
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::core::rotation::Rotation;
use crate::present::words::{self, counted};

/// Says what the plan is, split by what depends on the keys.
pub(super) fn show(listing: &Listing, plan: &BulkPlan, rotations: &[Rotation], dry_run: bool, output: &mut Output) {
    let count = counted(i64::try_from(plan.len()).unwrap_or(i64::MAX), "key");
    let mut lines = vec![if dry_run {
        format!("Would revoke {count}:")
    } else {
        format!("To be revoked, {count}:")
    }];
    let mut part = |keys: &[ListedKey], heading: &str| {
        if !keys.is_empty() {
            lines.push(format!("  {heading} ({}):", keys.len()));
            lines.extend(keys.iter().map(|key| format!("    {}", facts(listing, key))));
        }
    };
    part(&plan.unused, "not in use");
    part(
        &plan.in_use,
        "in use, or their use is unknown. Rotate these instead: chatzuri-keys rotate start KEY",
    );
    part(&plan.own, "last, because you can revoke nothing after it");
    for line in lines {
        output.warn(&line);
    }
    for target in plan.order() {
        if let Some(warning) = rotation_warning(rotations, &target) {
            output.warn(&warning);
        }
    }
}

/// A key whose rotation is not over is better finished there.
pub(super) fn rotation_warning(rotations: &[Rotation], target: &ListedKey) -> Option<String> {
    let rotation = rotation_of(rotations, target)?;
    let part = if rotation.old.id == target.key.id { "old" } else { "new" };
    Some(format!(
        "! {} is the {part} key of an unfinished rotation: chatzuri-keys rotate status {}",
        target.key.display_name(),
        words::shell_word(rotation.old.id.raw())
    ))
}

pub(super) fn facts(listing: &Listing, target: &ListedKey) -> String {
    let key = &target.key;
    let used = words::last_use_warning(listing.as_of, key.last_used_at);
    format!("{} {}, {used}{}", key.display_name(), key.hint(), own_words(target.own))
}

fn own_words(own: Own) -> &'static str {
    match own {
        Own::Yes => "; it is the key you're signed in with",
        Own::Unknown => "; it may be the key you're signed in with",
        Own::No => "",
    }
}
