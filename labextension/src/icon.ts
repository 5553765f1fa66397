import { LabIcon } from '@jupyterlab/ui-components';

/** Two states, the barrier between them and a molecule on its way. */
export const asyncmdIcon = new LabIcon({
  name: 'asyncmd-jupyter:logo',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3" style="fill: none" d="M2 4c1 18 6.500 18 8.500 8.500q1.500-5 3 0C15.500 22 21 22 22 4"
    stroke="#616161" stroke-width="2" stroke-linecap="round" />
  <circle class="jp-icon-warn0 asyncmd-logo-dot" cx="12" cy="5" r="2.500" fill="#f37726" />
</svg>`
});
