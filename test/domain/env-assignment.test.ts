import { describe, expect, it } from 'vitest';
import { assignedValue, replaceAssignment } from '../../src/domain/env-assignment.js';

const replaced = (text: string) => {
  const answer = replaceAssignment(text, 'KEY', 'new');
  return answer.ok ? answer.text : `refused: ${answer.problem}`;
};

describe('replacing one assignment of an env file', () => {
  it.each([
    ['plain', 'A=1\nKEY=old\nB=2\n', 'A=1\nKEY=new\nB=2\n'],
    ['without a last line break', 'A=1\nKEY=old', 'A=1\nKEY=new'],
    ['with CRLF', 'A=1\r\nKEY=old\r\nB=2\r\n', 'A=1\r\nKEY=new\r\nB=2\r\n'],
    ['exported, indented', '  export  KEY=old\n', '  export  KEY=new\n'],
    ['in double quotes', 'KEY="o\\"ld" # it\'s ours\n', 'KEY="new" # it\'s ours\n'],
    ['in single quotes', "KEY='o\\'\nB='x'\n", "KEY='new'\nB='x'\n"],
    ['in backticks', 'KEY=`a"b`\n', 'KEY=`new`\n'],
    ['over several lines', 'KEY="one\ntwo\nthree"\nB=2\n', 'KEY="new"\nB=2\n'],
    ['with a comment behind it', 'KEY=old\t # the key\n', 'KEY=new\t # the key\n'],
    ['empty', 'KEY=\nB=2\n', 'KEY=new\nB=2\n'],
    ['empty, before blanks and a comment', 'KEY=  # none yet\n', 'KEY=new  # none yet\n'],
    ['empty in quotes', 'KEY=""\n', 'KEY="new"\n'],
    ['as dotenv allows it', 'KEY = old \n', 'KEY = new \n'],
    ['with = and # in it', 'KEY=a=b#c\n', 'KEY=new\n'],
    ['behind a byte order mark', '\xef\xbb\xbfKEY=old\n', '\xef\xbb\xbfKEY=new\n'],
    ['ending in half a letter that looks like a blank', 'KEY=\xc3\xa0\n', 'KEY=new\n'],
    ['whose name only ends alike', 'MY_KEY=1\nKEY_2=2\nKEY=old\n', 'MY_KEY=1\nKEY_2=2\nKEY=new\n'],
    ['commented out above', '#KEY=older\n # KEY=oldest\nKEY=old\n', '#KEY=older\n # KEY=oldest\nKEY=new\n'],
    ['also named inside another value', 'A="x\nKEY=inside\n"\nKEY=old\n', 'A="x\nKEY=inside\n"\nKEY=new\n'],
    [
      'beside lines that are none',
      'if true\n\xff\xfe bytes\nKEY=old\nexport KEY\n',
      'if true\n\xff\xfe bytes\nKEY=new\nexport KEY\n',
    ],
    ['beside quotes that go on', 'A="1""2"\nKEY=old\n', 'A="1""2"\nKEY=new\n'],
    ['two lines below a backslash', 'A=C:\\\nB=1\nKEY=old\n', 'A=C:\\\nB=1\nKEY=new\n'],
    ['behind a doubled backslash', 'A=C:\\\\\nKEY=old\n', 'A=C:\\\\\nKEY=new\n'],
  ])('%s', (_what, before, after) => {
    expect(replaced(before)).toBe(after);
    expect(assignedValue(after, 'KEY')).toBe('new');
  });

  it.each([
    ['to an empty file', '', 'KEY=new\n'],
    ['behind the last line', 'A=1\n', 'A=1\nKEY=new\n'],
    ['behind a last line without a break, which stays without', 'A=1', 'A=1\nKEY=new'],
    ['with the breaks of the file', 'A=1\r\n', 'A=1\r\nKEY=new\r\n'],
    ['exported where the last one is', 'A=1\nexport B=2\n', 'A=1\nexport B=2\nexport KEY=new\n'],
    [
      'where it stands inside a value or a comment only',
      'A="\nKEY=x\n"\n#KEY=y\n',
      'A="\nKEY=x\n"\n#KEY=y\nKEY=new\n',
    ],
  ])('adds a missing one %s', (_what, before, after) => {
    expect(replaced(before)).toBe(after);
  });

  it.each([
    ['assigned twice', 'KEY=1\nexport KEY=2\n', 'KEY is assigned twice, on lines 1 and 2'],
    ['twice, one over several lines', 'A="\n\n"\nKEY=1\nKEY="2"', 'on lines 4 and 5'],
    ['quotes never closed', 'A=1\nB="2\nKEY=old\n', 'B on line 2 has quotes that are never closed'],
    ['its own never closed', "KEY='old\n", 'KEY on line 1 has quotes'],
    ['more behind the quotes', 'KEY="a"b\n', 'goes on behind its closing quote'],
    ['a comment right behind the sign', 'KEY=#old\n', 'is a comment to some readers'],
    ['joined by a backslash', 'A=1\\\nKEY=old\n', 'a backslash may join'],
    ['going on', 'KEY=o\\\nld\n', 'goes on on the next line'],
    ['missing, behind a last backslash', 'A=1\\', 'a backslash ends it'],
    ['not text', 'K\0E\0Y\0', 'NUL bytes'],
  ])('refuses to guess: %s', (_what, text, why) => {
    expect(replaced(text)).toContain(`refused: `);
    expect(replaced(text)).toContain(why);
    expect(assignedValue(text, 'KEY')).toBeNull();
  });
});
