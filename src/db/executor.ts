import type { SQL } from 'drizzle-orm';
import type { Sql } from 'postgres';
import type { Executor } from './kernel.js';

type BuildQueryConfig = Parameters<SQL['toQuery']>[0];

/** What Drizzle's `sql` needs to become text and parameters; its own dialect comes with 100 kB of builder (17 ms of a start). */
const dialect: Omit<BuildQueryConfig, 'casing'> = {
  escapeName: (name: string) => `"${name.replaceAll('"', '""')}"`,
  escapeParam: (index: number) => `$${index + 1}`,
  escapeString: (text: string) => `'${text.replaceAll("'", "''")}'`,
};

/** Runs statements written with Drizzle's `sql` on a session, without loading the rest of Drizzle. */
export function executorOn(client: Sql): Executor {
  return {
    async execute(query: SQL) {
      const { sql: text, params } = query.toQuery(dialect as BuildQueryConfig);
      return await client.unsafe(text, params as never[], { prepare: true });
    },
  };
}

/** The statement with its values written into it, for COPY, which takes no parameters. */
export function statementText(query: SQL): string {
  return query.toQuery({ ...dialect, escapeString: literal, inlineParams: true } as BuildQueryConfig).sql;
}

/** Plain where a quoted text means itself on every server; else by its bytes, so that no setting decides what a backslash does. */
function literal(text: string): string {
  return /^[^'\\\0]*$/.test(text)
    ? `'${text}'`
    : `convert_from(decode('${Buffer.from(text).toString('hex')}', 'hex'), 'UTF8')`;
}
