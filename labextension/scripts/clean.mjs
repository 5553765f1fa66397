import { rmSync } from 'node:fs';

for (const folder of ['lib', 'dist', 'tsconfig.tsbuildinfo']) {
  rmSync(new URL(`../${folder}`, import.meta.url), {
    recursive: true,
    force: true
  });
}
