import * as fs from 'node:fs';
import * as path from 'node:path';

/** This package's own folder, from `lib` and, once built, from `dist/lib`. */
export const HOME = path.resolve(
  __dirname,
  fs.existsSync(path.join(__dirname, '../schema.graphql')) ? '..' : '../..',
);
