/** The layers, top down: index → components → resources → lifecycles → dataverse | entra | key-vault → http. */
const providers = "^dynamic-providers/";
module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "Of values; types may refer to each other.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "sandbox-stands-alone",
      severity: "error",
      from: { path: "^sandbox/" },
      to: { path: "^(components|dynamic-providers|tools|config|index|library)" },
    },
    {
      name: "nothing-needs-the-sandbox",
      comment: "Nor the web server that it brings: a program loads the library at every start.",
      severity: "error",
      from: { path: "^(components|dynamic-providers|config|index|library)" },
      to: { path: "^(sandbox|tools|test)/|node_modules/@?hono" },
    },
    {
      name: "components-use-resources",
      severity: "error",
      from: { path: "^components/" },
      to: { path: `${providers}(lifecycles|entra|key-vault|http|connection)` },
    },
    {
      name: "resources-are-thin",
      comment: "Programs import resources: what they pull in is loaded at every start.",
      severity: "error",
      from: { path: `${providers}resources/` },
      to: {
        path: `${providers}(lifecycles|entra|key-vault|http|connection|dataverse)`,
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "functions-know-no-lifecycle",
      severity: "error",
      from: { path: `${providers}(dataverse|entra|key-vault)/` },
      to: { path: `${providers}(lifecycles|resources|connection|bind)` },
    },
    {
      name: "http-is-the-bottom",
      severity: "error",
      from: { path: `${providers}http\\.ts` },
      to: { path: providers, pathNot: `${providers}(http|interruption|throttling)\\.ts` },
    },
    {
      name: "lifecycles-without-pulumi",
      severity: "error",
      from: { path: `${providers}(lifecycles|dataverse|entra|key-vault|http|connection|errors)` },
      to: { path: "@pulumi/", dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|node_modules)" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
