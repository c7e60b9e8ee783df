/* SPDX-License-Identifier: BSD-2-Clause */
/* cell stats on a terminal. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <curses.h>

#include "cli.h"
#include "stats.h"

#define FIRST_ROW	3		/* title, summary, header */
#define LAST_LINES	2		/* message, keys */
#define MIN_LINES	(FIRST_ROW + LAST_LINES + 1)
#define MIN_COLUMNS	60
#define CELL_WIDTH	27		/* in 80 columns; the others have 53 */
#define LINE_SIZE	512
#define MESSAGE_LOOKS	10		/* how many a message stays */
#define ESCAPE_DELAY	25		/* milliseconds; a key of the user's comes at once, or over a network soon */

struct screen {
	struct selection what;
	struct sample before, now;	/* before: empty until the second look */
	int has_before, paused, looks;
	double interval, next;
	size_t top;
	char name[32];			/* of the selected cell, when it was there last */
	char message[LINE_SIZE];
};

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
	caught = number;
}

static void say(struct screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct screen *screen, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(screen->message, sizeof(screen->message), format, arguments);
	va_end(arguments);
	screen->looks = MESSAGE_LOOKS;
}

static void select_cell(struct screen *screen, const struct cell_sample *cell)
{
	screen->what.cell = cell ? (int)cell->id : ALL;
	screen->what.cpu = ALL;
	screen->top = 0;
	if (cell)
		memcpy(screen->name, cell->name, sizeof(screen->name));
}

/* NULL: all cells, or the selected one is not there. Another one of the same id is another one. */
static const struct cell_sample *selected_cell(const struct screen *screen)
{
	const struct cell_sample *cell;

	cell = screen->what.cell == ALL ? NULL : sample_cell(&screen->now, (unsigned int)screen->what.cell);
	return cell && strcmp(cell->name, screen->name) == 0 ? cell : NULL;
}

static int is_in(const struct sample *sample, const struct cell_sample *cell)
{
	const struct cell_sample *same = sample_cell(sample, cell->id);

	return same && strcmp(same->name, cell->name) == 0;
}

static void say_who_came_and_went(struct screen *screen)
{
	unsigned int n;

	for (n = 0; n < screen->now.num_cells; n++)
		if (!is_in(&screen->before, &screen->now.cells[n]))
			say(screen, "cell %u \"%s\" is new", screen->now.cells[n].id, screen->now.cells[n].name);
	for (n = 0; n < screen->before.num_cells; n++)
		if (!is_in(&screen->now, &screen->before.cells[n]))
			say(screen, "cell %u \"%s\" has gone", screen->before.cells[n].id, screen->before.cells[n].name);
}

/* What cannot be read now may be readable next time: the numbers stay meanwhile. */
static void look(struct screen *screen)
{
	char error[ERROR_SIZE];
	struct sample sample;

	if (screen->looks && --screen->looks == 0)
		screen->message[0] = 0;
	if (sample_take(&sample, error)) {
		say(screen, "reading stats: %s", error);
		return;
	}
	sample_free(&screen->before);
	screen->before = screen->now;
	screen->now = sample;
	screen->has_before = 1;
	say_who_came_and_went(screen);
}

static void put(int line, attr_t attributes, const char *text)
{
	attrset((int)attributes);
	mvaddnstr(line, 0, text, COLS);
	if (attributes != A_NORMAL)
		for (int column = (int)strlen(text); column < COLS; column++)
			mvaddch(line, column, ' ');
	attrset((int)A_NORMAL);
}

static void draw_title(const struct screen *screen)
{
	static const char *const views[NUM_DETAILS] = {
		[BY_CAUSE] = "by cause",
		[BY_CPU] = "by CPU",
		[BY_CPU_AND_CAUSE] = "by CPU and cause",
		[BY_CELL] = "by cell",
	};
	char line[LINE_SIZE], right[60];
	int length;

	if (screen->paused)
		snprintf(right, sizeof(right), "%s, paused", views[screen->what.detail]);
	else
		snprintf(right, sizeof(right), "%s, every %g s", views[screen->what.detail], screen->interval);
	if (screen->what.cell == ALL)
		length = snprintf(line, sizeof(line), "Statistics for all cells");
	else
		length = snprintf(line, sizeof(line), "Statistics for %s cell", screen->name);
	put(0, A_BOLD, line);
	if (length + 1 + (int)strlen(right) < COLS)
		mvaddstr(0, COLS - (int)strlen(right), right);
}

static int make_rows(const struct screen *screen, struct rows *rows, const struct selection *what)
{
	return rows_make(rows, screen->has_before ? &screen->before : NULL, &screen->now, what);
}

/* Of all that is selected but the CPU; negative: not known */
static double whole_rate(const struct screen *screen)
{
	struct selection what = { .cell = screen->what.cell, .cpu = ALL, .detail = BY_CELL };
	struct rows rows;
	double sum = 0;
	size_t n;

	if (make_rows(screen, &rows, &what))
		return -1;
	for (n = 0; n < rows.count; n++)
		sum = sum < 0 || rows.rows[n].rate < 0 ? -1 : sum + rows.rows[n].rate;
	rows_free(&rows);
	return sum;
}

static void draw_summary(const struct screen *screen)
{
	const struct cell_sample *cell = selected_cell(screen);
	char line[LINE_SIZE] = "", exits[48] = "";
	double rate = whole_rate(screen);
	unsigned int n, cpus = 0;
	int length;

	if (rate >= 0)
		snprintf(exits, sizeof(exits), ", %.1f exits per second", rate);
	if (cell) {
		length = snprintf(line, sizeof(line), "ID %u, %s, %u CPU%s%s", cell->id, cell->state, cell->num_cpus,
				  cell->num_cpus == 1 ? "" : "s", exits);
		for (n = 0; n < counters.count && length < (int)sizeof(line); n++)
			length += snprintf(line + length, sizeof(line) - (size_t)length, ", %s %" PRIu64,
					   counters.text[n], cell->counters[n]);
	} else if (screen->what.cell == ALL) {
		for (n = 0; n < screen->now.num_cells; n++)
			cpus += screen->now.cells[n].num_cpus;
		snprintf(line, sizeof(line), "%u cells, %u CPUs%s", screen->now.num_cells, cpus, exits);
	}
	put(1, A_NORMAL, line);
}

static int cell_width(void)
{
	return COLS - 80 + CELL_WIDTH;
}

/* The mark is where the column has room. */
static void draw_header(const struct screen *screen)
{
	static const char *const titles[NUM_COLUMNS] = { "CELL", "CPU", "CAUSE", "TOTAL", "PER SEC" };
	char title[NUM_COLUMNS][16], line[LINE_SIZE];
	int n;

	for (n = 0; n < NUM_COLUMNS; n++) {
		/* names go up, numbers down, if nothing is reversed */
		const char *mark = (n < COLUMN_TOTAL) != !!screen->what.reverse ? "^" : "v";

		if (n != (int)screen->what.sort)
			mark = "";
		if (n < COLUMN_TOTAL)
			snprintf(title[n], sizeof(title[n]), "%s%s", titles[n], mark);
		else
			snprintf(title[n], sizeof(title[n]), "%s%s", mark, titles[n]);
	}
	snprintf(line, sizeof(line), "%-*s%-5s%-15s%20s%13s", cell_width(), title[COLUMN_CELL], title[COLUMN_CPU],
		 title[COLUMN_CAUSE], title[COLUMN_TOTAL], title[COLUMN_RATE]);
	put(2, A_REVERSE, line);
}

static void draw_row(int at, const struct row *row)
{
	char line[LINE_SIZE], cell[48], cpu[16] = "all", rate[32] = "-";

	snprintf(cell, sizeof(cell), "%u %s", row->cell->id, row->cell->name);
	if (row->cpu != ALL)
		snprintf(cpu, sizeof(cpu), "%d", row->cpu);
	if (row->rate >= 0)
		snprintf(rate, sizeof(rate), "%.1f", row->rate);
	snprintf(line, sizeof(line), "%-*.*s %-5s%-15s%20" PRIu64 "%13s", cell_width() - 1, cell_width() - 1, cell, cpu,
		 row->cause == ALL ? "total" : causes.text[row->cause], row->total, rate);
	put(at, A_NORMAL, line);
}

static void draw_rows(struct screen *screen)
{
	size_t space = (size_t)(LINES - FIRST_ROW - LAST_LINES), n;
	struct rows rows;

	if (make_rows(screen, &rows, &screen->what)) {
		say(screen, "%s", strerror(errno));
		return;
	}
	if (screen->top + space > rows.count)
		screen->top = rows.count > space ? rows.count - space : 0;
	for (n = 0; n < space && screen->top + n < rows.count; n++)
		draw_row(FIRST_ROW + (int)n, &rows.rows[screen->top + n]);
	if (rows.count == 0 && screen->what.cpu != ALL) {
		char line[LINE_SIZE];

		snprintf(line, sizeof(line), "CPU %d is not here any more; a: all CPUs", screen->what.cpu);
		put(FIRST_ROW + 1, A_BOLD, line);
	} else if (rows.count > space && !screen->message[0]) {
		char line[LINE_SIZE];

		snprintf(line, sizeof(line), "rows %zu to %zu of %zu", screen->top + 1, screen->top + space, rows.count);
		put(LINES - 2, A_DIM, line);
	}
	rows_free(&rows);
}

static void draw_absence(const struct screen *screen)
{
	char line[LINE_SIZE] = "There are no cells: the hypervisor is not enabled.";

	if (screen->now.num_cells)
		snprintf(line, sizeof(line), "Cell %d \"%s\" has gone. It is shown when it comes back. Tab: another one",
			 screen->what.cell, screen->name);
	put(FIRST_ROW + 1, A_BOLD, line);
}

static void draw(struct screen *screen)
{
	erase();
	if (LINES < MIN_LINES || COLS < MIN_COLUMNS) {
		put(0, A_NORMAL, "too small");
		refresh();
		return;
	}
	draw_title(screen);
	draw_summary(screen);
	draw_header(screen);
	if (screen->now.num_cells && (screen->what.cell == ALL || selected_cell(screen)))
		draw_rows(screen);
	else
		draw_absence(screen);
	if (screen->message[0])
		put(LINES - 2, A_BOLD, screen->message);
	put(LINES - 1, A_REVERSE, "q quit  Tab cell  c CPU  a all CPUs  v view  s sort  r reverse  p pause");
	refresh();
}

/* All of them, the first one, ..., the last one, all of them */
static void next_cell(struct screen *screen, int step)
{
	int count = (int)screen->now.num_cells, position = -1, n;

	for (n = 0; n < count; n++)
		if (screen->what.cell != ALL && (int)screen->now.cells[n].id <= screen->what.cell)
			position = n;
	position = (position + 1 + step + count + 1) % (count + 1) - 1;
	select_cell(screen, position < 0 ? NULL : &screen->now.cells[position]);
}

/* The one with the next higher number in what is shown; behind the last one the first */
static void next_cpu(struct screen *screen)
{
	int lowest = ALL, next = ALL;
	unsigned int n, i;

	for (n = 0; n < screen->now.num_cells; n++) {
		const struct cell_sample *cell = &screen->now.cells[n];

		if (screen->what.cell != ALL && (int)cell->id != screen->what.cell)
			continue;
		for (i = 0; i < cell->num_cpus; i++) {
			int number = (int)cell->cpus[i].number;

			if (lowest == ALL || number < lowest)
				lowest = number;
			if (number > screen->what.cpu && (next == ALL || number < next))
				next = number;
		}
	}
	screen->what.cpu = next == ALL ? lowest : next;
	screen->top = 0;
}

static void scroll_by(struct screen *screen, long lines)
{
	if (lines < 0 && screen->top < (size_t)-lines)
		screen->top = 0;
	else
		screen->top += (size_t)lines;	/* the end is found when it is drawn */
}

/* 0: the user has enough */
static int obey(struct screen *screen, int key)
{
	long page = LINES - FIRST_ROW - LAST_LINES;

	switch (key) {
	case 'q': case 'Q':
		return 0;
	case '\t': case KEY_RIGHT:
		next_cell(screen, 1);
		break;
	case KEY_BTAB: case KEY_LEFT:
		next_cell(screen, -1);
		break;
	case 'c':
		next_cpu(screen);
		break;
	case 'a':
		screen->what.cpu = ALL;
		break;
	case 'v':
		screen->what.detail = (screen->what.detail + 1) % NUM_DETAILS;
		screen->top = 0;
		break;
	case 's':
		screen->what.sort = (screen->what.sort + 1) % NUM_COLUMNS;
		screen->what.reverse = 0;
		break;
	case 'r':
		screen->what.reverse = !screen->what.reverse;
		break;
	case 'p': case ' ':
		screen->paused = !screen->paused;
		screen->next = monotonic_seconds();
		break;
	case KEY_UP:
		scroll_by(screen, -1);
		break;
	case KEY_DOWN:
		scroll_by(screen, 1);
		break;
	case KEY_PPAGE:
		scroll_by(screen, -page);
		break;
	case KEY_NPAGE:
		scroll_by(screen, page);
		break;
	case KEY_HOME:
		screen->top = 0;
		break;
	case KEY_END:
		screen->top = INT32_MAX;
		break;
	}
	return 1;
}

static void run(struct screen *screen)
{
	int key = ERR;

	do {
		double now = monotonic_seconds();

		if (!screen->paused && now >= screen->next) {
			look(screen);
			screen->next = now + screen->interval;
		}
		draw(screen);
		now = screen->paused ? -1 : 1000 * (screen->next - monotonic_seconds());
		timeout(screen->paused ? -1 : now > 0 ? (int)now + 1 : 0);
		key = getch();
		/* a terminal that has gone is no reason to ask it without end */
		if (key == ERR && (feof(stdin) || !isatty(STDIN_FILENO)))
			break;
	} while (!caught && obey(screen, key));
}

static int open_terminal(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_signal };
	const char *type = getenv("TERM");
	size_t n;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fprintf(stderr, "cell stats: this is no terminal; use --once or --json\n");
		return -1;
	}
	if (!newterm(NULL, stdout, stdin)) {
		fprintf(stderr, "cell stats: no description of the terminal \"%.40s\"; set TERM to a known type, e.g. vt100, or use "
			"--once\n", type ? type : "");
		return -1;
	}
	for (n = 0; n < sizeof(signals) / sizeof(signals[0]); n++)
		sigaction(signals[n], &action, NULL);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	set_escdelay(ESCAPE_DELAY);
	curs_set(0);
	return 0;
}

int run_screen(const struct designation *cell, double interval)
{
	struct screen screen = { .what = { .cell = ALL, .cpu = ALL, .sort = COLUMN_RATE }, .interval = interval };
	const struct cell_sample *found = NULL;
	char error[ERROR_SIZE];

	if (sample_take(&screen.now, error)) {
		fprintf(stderr, "reading stats: %s\n", error);
		return EXIT_FAILED;
	}
	if (cell)
		found = find_designated(&screen.now, cell);
	if (!screen.now.num_cells || (cell && !found)) {
		fprintf(stderr, "reading stats: %s\n", screen.now.num_cells ? "there is no such cell; see jailhouse cell list" :
			"there are no cells: the hypervisor is not enabled");
		sample_free(&screen.now);
		return EXIT_FAILED;
	}
	select_cell(&screen, found);
	if (open_terminal()) {
		sample_free(&screen.now);
		return EXIT_FAILED;
	}
	screen.next = monotonic_seconds() + (interval < 1 ? interval : 1);
	run(&screen);
	/* for the prompt, where the terminal does not bring the former screen back */
	move(LINES - 1, 0);
	clrtoeol();
	refresh();
	endwin();
	sample_free(&screen.before);
	sample_free(&screen.now);
	if (caught && caught != SIGINT) {
		signal(caught, SIG_DFL);
		raise(caught);
	}
	return EXIT_DONE;
}
