import TargetGraph
import Testing

/// The map from projects of the package index to the modules that they provide.
@Suite struct WellKnownModuleTests {
  /// A requirement as written, and what a source file imports of it.
  static let known = [
    ("PyYAML", "yaml.nodes"), ("opencv-python", "cv2"), ("opencv-contrib-python-headless", "cv2"),
    ("Pillow", "PIL.Image"),
    ("beautifulsoup4", "bs4"), ("scikit-learn", "sklearn.svm"), ("python-dateutil", "dateutil.parser"),
    ("protobuf", "google.protobuf.message"), ("google-auth", "google.oauth2.service_account"),
    ("google-cloud-storage", "google.cloud.storage"), ("google-cloud-pubsub", "google.cloud.pubsub_v1.types"),
    ("google-cloud-secret-manager", "google.cloud.secretmanager"),
    ("google-cloud-iam", "google.cloud.iam_credentials_v1"), ("google-api-python-client", "googleapiclient.discovery"),
    ("azure-storage-blob", "azure.storage.blob"), ("azure-mgmt-web", "azure.mgmt.web"),
    ("oslo.config", "oslo_config.cfg"),
    ("opentelemetry-api", "opentelemetry.trace"), ("opentelemetry-sdk", "opentelemetry.sdk.trace"),
    ("opentelemetry-instrumentation-aws-lambda", "opentelemetry.instrumentation.aws_lambda"),
    ("djangorestframework", "rest_framework.views"), ("django-cors-headers", "corsheaders"),
    ("django-simple-history", "simple_history.models"), ("python-socketio", "socketio"), ("attrs", "attr"),
    ("apache-airflow-providers-amazon", "airflow.providers.amazon.aws"), ("pytest", "_pytest.config"),
    ("setuptools", "pkg_resources"), ("zope.interface", "zope.interface.verify"), ("jaraco-text", "jaraco.text"),
    ("types-PyYAML", "yaml"), ("types-requests", "requests"), ("lark-stubs", "lark"),
    ("types-protobuf", "google.protobuf"),
    ("Flask-SQLAlchemy", "flask_sqlalchemy"), ("GitPython", "git"), ("PyJWT", "jwt"), ("pyOpenSSL", "OpenSSL.crypto"),
  ]

  @Test(arguments: known)
  func aRequirementProvidesItsModules(project: String, module: String) throws {
    let resolver = try GraphFixture([
      "r/BUILD": "python_requirement(name='r', requirements=['\(project)>=1'])\n", "m/BUILD": "python_sources()\n",
      "m/x.py": "import \(module)\n",
    ]).resolver()
    #expect(try resolver.dependencies("m/x.py") == ["r:r"])
  }

  @Test func whatTheFieldsSayGoesBeforeTheMap() throws {
    let resolver = try GraphFixture([
      "r/BUILD": "python_requirement(name='r', requirements=['PyYAML'], modules=['odd'])\n",
      "m/BUILD": "python_sources()\n", "m/x.py": "import odd\n", "m/y.py": "import yaml\n",
    ]).resolver()
    #expect(try resolver.dependencies("m/x.py") == ["r:r"])
    #expect(try resolver.dependencies("m/y.py") == [])
  }
}
