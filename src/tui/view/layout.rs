//! What goes where, from the size of the terminal alone.

use ratatui::layout::Rect;

/// The smallest terminal the dashboard is drawn in: columns, rows.
pub const SMALLEST: (u16, u16) = (60, 16);
/// Rows of the detail pane, where there is room for it.
const DETAIL_ROWS: u16 = 8;
/// The most rows that what happened last may take.
pub const NOTICE_ROWS: u16 = 4;
/// From this many rows on there is.
const DETAIL_FROM: u16 = 32;

/// The parts of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// Team, counts, age of the data.
    pub header: Rect,
    /// The line under it.
    pub rule: Rect,
    /// The column titles.
    pub titles: Rect,
    /// The keys.
    pub table: Rect,
    /// Everything known of the key under the cursor.
    pub detail: Option<Rect>,
    /// What happened last, or the filter line.
    pub notice: Rect,
    /// The hints.
    pub footer: Rect,
}

/// The parts of a screen of this size, with so many rows for what happened last; `None` where it is too small.
#[must_use]
pub fn areas(screen: Rect, notice_rows: u16) -> Option<Areas> {
    if screen.width < SMALLEST.0 || screen.height < SMALLEST.1 {
        return None;
    }
    let line = |y: u16, height: u16| Rect {
        x: screen.x,
        y: screen.y + y,
        width: screen.width,
        height,
    };
    let bottom = screen.height;
    let detail_rows = if screen.height >= DETAIL_FROM { DETAIL_ROWS } else { 0 };
    let notice_rows = notice_rows.clamp(1, NOTICE_ROWS);
    // Three rows over the table, and under it the notice and the hints with a free row between table and notice.
    let table_rows = bottom - 3 - 2 - notice_rows - detail_rows;
    Some(Areas {
        header: line(0, 1),
        rule: line(1, 1),
        titles: line(2, 1),
        table: line(3, table_rows),
        detail: (detail_rows > 0).then(|| line(3 + table_rows, detail_rows)),
        notice: line(bottom - 1 - notice_rows, notice_rows),
        footer: line(bottom - 1, 1),
    })
}

/// Keys that fit on a screen of this size (columns, rows).
#[must_use]
pub fn rows_that_fit(size: (u16, u16), notice_rows: u16) -> usize {
    areas(Rect::new(0, 0, size.0, size.1), notice_rows).map_or(1, |areas| usize::from(areas.table.height))
}

/// Rows under the column titles, where no key's details take their part.
#[must_use]
pub fn rows_in_all(size: (u16, u16), notice_rows: u16) -> usize {
    areas(Rect::new(0, 0, size.0, size.1), notice_rows).map_or(1, |areas| {
        let detail = areas.detail.map_or(0, |detail| detail.height);
        usize::from(areas.table.height + detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_neither_overlap_nor_leave_the_screen() {
        for (width, height, notice_rows) in [(60, 16, 4), (80, 24, 1), (120, 40, 9), (200, 100, 0)] {
            let screen = Rect::new(0, 0, width, height);
            let areas = areas(screen, notice_rows).unwrap();
            let mut parts = vec![
                areas.header,
                areas.rule,
                areas.titles,
                areas.table,
                areas.notice,
                areas.footer,
            ];
            parts.extend(areas.detail);
            for (i, part) in parts.iter().enumerate() {
                assert_eq!(part.intersection(screen), *part);
                assert!(parts.iter().skip(i + 1).all(|other| !part.intersects(*other)));
            }
        }
    }

    #[test]
    fn a_screen_too_small_has_no_parts_and_still_one_row() {
        assert!(areas(Rect::new(0, 0, 59, 40), 1).is_none());
        assert!(areas(Rect::new(0, 0, 200, 15), 1).is_none());
        assert_eq!(rows_that_fit((10, 3), 1), 1);
    }
}
