"""What a person sees on a terminal that is drawn over: lines of text out of
what was written to it.  Knows what godwit uses, and fails on anything else."""

import re

import terminal

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


class Screen:
    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [""] * rows
        self.row = self.column = 0
        self.wrapped = False
        self.scrolled = 0  # lines that left at the top

    def feed(self, data):
        at = 0
        while at < len(data):
            token = TOKEN.match(data, at)
            assert token, f"not understood: {data[at:at + 20]!r}"
            at = token.end()
            if token[2]:
                self._escape(token[1], token[2])
            elif token[3]:
                self.column = 0
            elif token[4]:
                self._newline()
            else:
                self._write(token[5])

    def _newline(self):
        # The terminal's driver sends \r\n; what comes here is its \n.
        self.row += 1
        if self.row == self.rows:
            self.lines = self.lines[1:] + [""]
            self.row -= 1
            self.scrolled += 1

    def _write(self, text):
        line = self.lines[self.row].ljust(self.column)
        end = self.column + terminal.width(text)
        self.lines[self.row] = line[:self.column] + text + line[end:]
        self.column = end
        self.wrapped = self.wrapped or end > self.columns

    def _escape(self, number, what):
        count = int(number) if number.isdigit() else 0
        if what == "A":
            self.row = max(0, self.row - max(1, count))
        elif what == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif what == "J" and count == 0:
            self.lines[self.row] = self.lines[self.row][:self.column]
            self.lines[self.row + 1:] = [""] * (self.rows - self.row - 1)
        elif what == "J":
            self.lines = [""] * self.rows
        elif what == "H":
            self.row = self.column = 0
        else:
            assert what == "m", f"not understood: {what}"

    @property
    def text(self):
        return "\n".join(line.rstrip() for line in self.lines).rstrip()
