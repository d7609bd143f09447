'use strict';
// Sorting: a click on a column's heading orders the rows by its cells' data-value, numbers from the
// highest down and texts from A to Z first, a second click the other way. Cells without a value
// stay last.
for (const table of document.querySelectorAll('table.sortable')) {
  const body = table.tBodies[0];
  const status = document.getElementById(table.dataset.status);
  for (const button of table.querySelectorAll('th button')) {
    button.addEventListener('click', () => {
      const heading = button.closest('th');
      const column = heading.cellIndex;
      const numeric = heading.dataset.kind === 'number';
      const before = heading.getAttribute('aria-sort');
      const descending = before ? before === 'ascending' : numeric;
      for (const other of table.querySelectorAll('th[aria-sort]')) {
        other.removeAttribute('aria-sort');
      }
      heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      const keyed = Array.from(body.rows, (row) => {
        const text = row.cells[column].dataset.value;
        return [row, numeric ? (text === '' ? NaN : Number(text)) : text];
      });
      keyed.sort(([, first], [, second]) => {
        if (numeric && (Number.isNaN(first) || Number.isNaN(second))) {
          return Number.isNaN(first) - Number.isNaN(second);
        }
        const order = numeric ? first - second : first.localeCompare(second);
        return descending ? -order : order;
      });
      body.append(...keyed.map(([row]) => row));
      status.textContent =
        `sorted by ${button.textContent.trim()}, ${descending ? 'descending' : 'ascending'}`;
    });
  }
}

// Looking for classes by a part of their name.
for (const input of document.querySelectorAll('input[data-filters]')) {
  const rows = document.getElementById(input.dataset.filters).tBodies[0].rows;
  input.addEventListener('input', () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) {
      row.hidden = !row.cells[0].dataset.value.toLowerCase().includes(wanted);
    }
  });
}

// What is folded on a screen is printed.
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details')) {
    details.open = true;
  }
});
