// What pages tell the kernel of themselves, for all our widgets.

function isDark() {
  const said = document.body.dataset.jpThemeLight;
  if (said !== undefined) return said === "false";
  return Boolean(document.body.dataset.vscodeThemeKind?.includes("dark"));
}

// A kernel that has gone hears nothing.
function tellKernel(model, page) {
  try {
    model.send({ page });
  } catch {
    // The view says itself that it is dead.
  }
}
