BEGIN TRANSACTION;
CREATE TABLE accounts (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	fund TEXT NOT NULL, 
	period VARCHAR(20) NOT NULL, 
	item TEXT NOT NULL, 
	amount DOUBLE NOT NULL, 
	mark TEXT, 
	reference TEXT, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
INSERT INTO "accounts" VALUES(1,200,'fund','2019','revenue',1000000.0,'own',NULL,NULL);
INSERT INTO "accounts" VALUES(1,201,'fund','2019','expenditure',800000.0,'own',NULL,NULL);
INSERT INTO "accounts" VALUES(1,202,'fund','2019','balance',3000000.0,'own',NULL,NULL);
INSERT INTO "accounts" VALUES(1,300,'fund','2020','revenue',1100000.0,'own',NULL,NULL);
INSERT INTO "accounts" VALUES(1,301,'fund','2020','expenditure',950000.0,'own',NULL,NULL);
INSERT INTO "accounts" VALUES(1,302,'fund','2020','balance',3150000.0,'own',NULL,NULL);
CREATE TABLE audit (
	audit_id INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	actor VARCHAR(100), 
	action VARCHAR(40) NOT NULL, 
	detail TEXT, 
	PRIMARY KEY (audit_id)
);
INSERT INTO "audit" VALUES(1,'2026-11-24T19:11:31+00:00','','import','收支.csv  → accounts');
INSERT INTO "audit" VALUES(2,'2026-11-24T19:11:32+00:00','','import','经验.csv  → experience');
INSERT INTO "audit" VALUES(3,'2026-11-24T19:11:32+00:00','','import','经验2.csv  → experience');
INSERT INTO "audit" VALUES(4,'2026-11-24T19:11:33+00:00','','import','项目.csv  → projects; 案件.csv  → cases; 支付.csv  → payments');
CREATE TABLE cases (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	case_id TEXT NOT NULL, 
	project_id TEXT, 
	contractor_id TEXT, 
	employer_id TEXT, 
	injury_date DATE NOT NULL, 
	report_date DATE, 
	recognition_date DATE, 
	assessment_date DATE, 
	closed_date DATE, 
	event_id TEXT, 
	outcome TEXT, 
	grade INTEGER, 
	care TEXT, 
	age DOUBLE, 
	sex TEXT, 
	own_wage_yuan DOUBLE, 
	dependants TEXT, 
	employment_ended BOOLEAN, 
	cause TEXT, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
INSERT INTO "cases" VALUES(5,2,'K1','P1',NULL,NULL,'2023-05-06',NULL,NULL,NULL,NULL,NULL,'injury',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE contractors (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	contractor_id TEXT NOT NULL, 
	prefecture TEXT, 
	credit_grade TEXT, 
	safety_standard TEXT, 
	entry_date DATE, 
	exit_date DATE, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
CREATE TABLE employers (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	employer_id TEXT NOT NULL, 
	year VARCHAR(20) NOT NULL, 
	industry_class INTEGER, 
	payroll_yuan DOUBLE NOT NULL, 
	rate DOUBLE, 
	premium_yuan DOUBLE, 
	persons INTEGER, 
	prefecture TEXT, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
CREATE TABLE experience (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	unit TEXT NOT NULL, 
	period VARCHAR(20) NOT NULL, 
	unit_kind TEXT, 
	exposure_yuan DOUBLE NOT NULL, 
	premium_yuan DOUBLE NOT NULL, 
	base_premium_yuan DOUBLE, 
	cases INTEGER, 
	deaths INTEGER, 
	paid_yuan DOUBLE, 
	incurred_yuan DOUBLE, 
	credit_grade TEXT, 
	total_cost_yuan DOUBLE, 
	payroll_yuan DOUBLE, 
	prefecture TEXT, 
	project_type TEXT, 
	size_band TEXT, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
INSERT INTO "experience" VALUES(2,2,'A','2020','contractor',1000000.0,1000.0,NULL,1,NULL,500.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,3);
INSERT INTO "experience" VALUES(2,3,'B','2020','contractor',2000000.0,2000.0,NULL,0,NULL,0.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "experience" VALUES(3,2,'A','2020','contractor',1500000.0,1500.0,NULL,1,NULL,500.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE fees (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	prefecture TEXT NOT NULL, 
	period VARCHAR(20) NOT NULL, 
	collected_yuan DOUBLE, 
	disbursed_yuan DOUBLE, 
	injury_part_yuan DOUBLE, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
CREATE TABLE imports (
	import_id INTEGER NOT NULL, 
	file_name VARCHAR(400) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	target VARCHAR(40) NOT NULL, 
	sheet VARCHAR(200), 
	imported_at VARCHAR(32) NOT NULL, 
	author VARCHAR(100), 
	row_count INTEGER NOT NULL, 
	mapping TEXT, 
	undone_at VARCHAR(32), 
	PRIMARY KEY (import_id)
);
INSERT INTO "imports" VALUES(1,'收支.csv','2c6440bdd928fead578ca8e78bce009036adf852cfe9560febf48214c7270340','accounts','','2026-11-24T19:11:31+00:00','',6,'{"period": "年度", "revenue": "基金收入(万元)", "expenditure": "基金支出(万元)", "balance": "累计结余(万元)"}',NULL);
INSERT INTO "imports" VALUES(2,'经验.csv','1d666169576c45fbff0fa04568b4dee56b6a58e65e86d6a8379bea271c8ebde5','experience','','2026-11-24T19:11:32+00:00','',2,'{"unit": "施工单位", "period": "年度", "exposure_yuan": "总造价(万元)", "premium_yuan": "保费(元)", "cases": "工伤人数", "paid_yuan": "待遇支出(元)"}',NULL);
INSERT INTO "imports" VALUES(3,'经验2.csv','85e70772f9671879e00961774fa917c31cfacd1826c639c38c3071f9aec5d400','experience','','2026-11-24T19:11:32+00:00','',1,'{"unit": "施工单位", "period": "年度", "exposure_yuan": "总造价(万元)", "premium_yuan": "保费(元)", "cases": "工伤人数", "paid_yuan": "待遇支出(元)"}',NULL);
INSERT INTO "imports" VALUES(4,'项目.csv','a9a6c0d2d838c96caaf2db6c561c4fba2ed1594aa00444177c5bc23b40efd455','projects','','2026-11-24T19:11:33+00:00','',1,'{"project_id": "项目编号", "contractor_id": "施工单位编号", "total_cost_yuan": "工程总造价(万元)", "enrolment_date": "参保日期", "rate": "费率(‰)"}',NULL);
INSERT INTO "imports" VALUES(5,'案件.csv','9b8d62ba61d536abc9092a0e67c4403bdcf7a5db23f3883346671788cb829e24','cases','','2026-11-24T19:11:33+00:00','',1,'{"case_id": "案件编号", "project_id": "项目编号", "injury_date": "受伤日期", "outcome": "结果"}',NULL);
INSERT INTO "imports" VALUES(6,'支付.csv','2aa35b63ea9bfc547740580cf317b0dd1367cac39b6a9b58522681f174220d10','payments','','2026-11-24T19:11:33+00:00','',1,'{"payment_id": "支付编号", "case_id": "案件编号", "payment_date": "支付日期", "benefit": "待遇项目", "amount_yuan": "支付金额(元)"}',NULL);
CREATE TABLE meta (
	name VARCHAR(60) NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema_version','1');
INSERT INTO "meta" VALUES('salt','128e187e2bdc37960cb47d153b75707d');
CREATE TABLE payments (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	payment_id TEXT NOT NULL, 
	case_id TEXT NOT NULL, 
	payment_date DATE NOT NULL, 
	benefit TEXT NOT NULL, 
	amount_yuan DOUBLE NOT NULL, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
INSERT INTO "payments" VALUES(6,2,'Z1','K1','2023-09-01','medical',1200.5,NULL);
CREATE TABLE permits (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	permit_id TEXT NOT NULL, 
	project_id TEXT, 
	prefecture TEXT, 
	issued_date DATE NOT NULL, 
	total_cost_yuan DOUBLE, 
	enrolled BOOLEAN, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
CREATE TABLE projects (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	project_id TEXT NOT NULL, 
	contractor_id TEXT NOT NULL, 
	fund TEXT, 
	prefecture TEXT, 
	project_type TEXT, 
	total_cost_yuan DOUBLE NOT NULL, 
	final_cost_yuan DOUBLE, 
	labour_share DOUBLE, 
	rate DOUBLE, 
	multiplier DOUBLE, 
	premium_yuan DOUBLE, 
	enrolment_date DATE NOT NULL, 
	premium_date DATE, 
	permit_id TEXT, 
	permit_date DATE, 
	start_date DATE, 
	planned_end DATE, 
	actual_end DATE, 
	extended_to DATE, 
	status TEXT, 
	was_in_progress BOOLEAN, 
	planned_persons_fixed INTEGER, 
	planned_persons_migrant INTEGER, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
INSERT INTO "projects" VALUES(4,2,'P1','C1',NULL,NULL,NULL,50000000.0,NULL,NULL,0.001,NULL,NULL,'2023-03-01',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE returns (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	prefecture TEXT NOT NULL, 
	quarter VARCHAR(20) NOT NULL, 
	employer_units INTEGER, 
	new_projects INTEGER, 
	inprogress_projects INTEGER, 
	employer_persons INTEGER, 
	new_project_persons INTEGER, 
	inprogress_project_persons INTEGER, 
	employer_paid_yuan DOUBLE, 
	project_paid_yuan DOUBLE, 
	received_date DATE, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
CREATE TABLE roster (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	project_id TEXT NOT NULL, 
	month VARCHAR(20) NOT NULL, 
	person_days DOUBLE NOT NULL, 
	persons INTEGER, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
CREATE TABLE scenarios (
	scenario_id INTEGER NOT NULL, 
	name VARCHAR(200) NOT NULL, 
	content TEXT NOT NULL, 
	author VARCHAR(100), 
	note TEXT, 
	saved_at VARCHAR(32) NOT NULL, 
	locked_at VARCHAR(32), 
	PRIMARY KEY (scenario_id)
);
CREATE TABLE survey (
	import_id INTEGER NOT NULL, 
	source_row INTEGER NOT NULL, 
	prefecture TEXT NOT NULL, 
	year VARCHAR(20) NOT NULL, 
	firms INTEGER, 
	persons_fixed INTEGER, 
	persons_migrant INTEGER, 
	projects_planned INTEGER, 
	projects_in_progress INTEGER, 
	superseded_by INTEGER, 
	PRIMARY KEY (import_id, source_row), 
	FOREIGN KEY(import_id) REFERENCES imports (import_id)
);
CREATE UNIQUE INDEX accounts_current ON accounts (fund, period, item) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX experience_current ON experience (unit, period) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX contractors_current ON contractors (contractor_id) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX projects_current ON projects (project_id) WHERE superseded_by IS NULL;
CREATE INDEX cases_project ON cases (project_id);
CREATE UNIQUE INDEX cases_current ON cases (case_id) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX payments_current ON payments (payment_id) WHERE superseded_by IS NULL;
CREATE INDEX payments_case ON payments (case_id);
CREATE UNIQUE INDEX employers_current ON employers (employer_id, year) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX roster_current ON roster (project_id, month) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX returns_current ON returns (prefecture, quarter) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX fees_current ON fees (prefecture, period) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX permits_current ON permits (permit_id) WHERE superseded_by IS NULL;
CREATE UNIQUE INDEX survey_current ON survey (prefecture, year) WHERE superseded_by IS NULL;
COMMIT;
