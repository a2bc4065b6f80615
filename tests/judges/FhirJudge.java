import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.NpmPackageValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.Enumerations.PublicationStatus;
import org.hl7.fhir.r4.model.ValueSet;

/**
 * Judges NDJSON files of FHIR R4 against the base specification and one guide.
 *
 * <p>Arguments: the guide's package, how many resources of each file at most (evenly from
 * all of it), then folders. Prints
 * each distinct error with its count and an example, then a line for each type; ends with 1 where
 * a resource has an error.
 */
public final class FhirJudge {
  private static final String RACE = "urn:oid:2.16.840.1.113883.6.238";
  private static final String VSAC = "http://cts.nlm.nih.gov/fhir/ValueSet/";
  private static final String US_CORE = "http://hl7.org/fhir/us/core/ValueSet/";
  private static final String HL7 = "http://terminology.hl7.org/CodeSystem/v3-";
  private static final List<String> RACES =
      List.of("2106-3", "2054-5", "2028-9", "1002-5", "2076-8");
  private static final List<String> ETHNICITIES = List.of("2135-2", "2186-5");
  private static final List<String> SEXES = List.of("M", "F");
  private static final String LOINC = "http://loinc.org";
  private static final List<String> CATEGORIES = List.of("LP29684-5", "LP29708-2", "LP7839-6");
  private static final List<String> NOTES =
      List.of("11504-8", "11506-3", "18842-5", "34111-5", "34117-2");
  private static final List<String> NONE = List.of("UNK", "ASKU", "OTH");
  private final FhirContext context = FhirContext.forR4();
  private final FhirValidator validator = context.newValidator();
  private final Map<String, Integer> errors = new TreeMap<>();
  private final Map<String, String> examples = new TreeMap<>();
  private final Map<String, int[]> judged = new TreeMap<>();

  private FhirJudge(String guide) throws Exception {
    NpmPackageValidationSupport guides = new NpmPackageValidationSupport(context);
    guides.loadPackageFromClasspath(guide);
    FhirInstanceValidator module =
        new FhirInstanceValidator(
            new ValidationSupportChain(
                terms(),
                guides,
                new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context),
                new InMemoryTerminologyServerValidationSupport(context),
                new SnapshotGeneratingValidationSupport(context)));
    module.setAnyExtensionsAllowed(true);
    module.setErrorForUnknownProfiles(true);
    validator.registerValidatorModule(module);
  }

  /** Codes to which US Core binds elements, and which neither its package nor HAPI holds. */
  private PrePopulatedValidationSupport terms() {
    PrePopulatedValidationSupport support = new PrePopulatedValidationSupport(context);
    CodeSystem system = new CodeSystem();
    system.setUrl(RACE).setStatus(PublicationStatus.ACTIVE);
    system.setContent(CodeSystem.CodeSystemContentMode.COMPLETE);
    for (String code : RACES) {
      system.addConcept().setCode(code);
    }
    for (String code : ETHNICITIES) {
      system.addConcept().setCode(code);
    }
    support.addCodeSystem(system);
    CodeSystem loinc = new CodeSystem(); // all other codes stay unknown: a warning
    loinc.setUrl(LOINC).setStatus(PublicationStatus.ACTIVE);
    loinc.setContent(CodeSystem.CodeSystemContentMode.FRAGMENT);
    for (String code : CATEGORIES) {
      loinc.addConcept().setCode(code);
    }
    for (String code : NOTES) {
      loinc.addConcept().setCode(code);
    }
    support.addCodeSystem(loinc);
    ValueSet notes = valueSet("", LOINC, NOTES);
    notes.setUrl(US_CORE + "us-core-documentreference-type").setVersion("6.1.0");
    support.addValueSet(notes);
    support.addValueSet(valueSet("2.16.840.1.114222.4.11.836", RACE, RACES));
    support.addValueSet(valueSet("2.16.840.1.114222.4.11.837", RACE, ETHNICITIES));
    support.addValueSet(valueSet("2.16.840.1.113762.1.4.1", HL7 + "AdministrativeGender", SEXES));
    for (String refused : List.of("1021.102", "1021.103")) {
      support.addValueSet(valueSet("2.16.840.1.113762.1.4." + refused, HL7 + "NullFlavor", NONE));
    }
    return support;
  }

  private static ValueSet valueSet(String id, String system, List<String> codes) {
    ValueSet set = new ValueSet();
    set.setUrl(VSAC + id).setStatus(PublicationStatus.ACTIVE);
    ValueSet.ConceptSetComponent part = set.getCompose().addInclude();
    part.setSystem(system);
    for (String code : codes) {
      part.addConcept().setCode(code);
    }
    return set;
  }

  private void judge(Path file, int limit) throws Exception {
    String type = file.getFileName().toString().replace(".ndjson", "");
    int[] counts = judged.computeIfAbsent(type, unused -> new int[2]);
    List<String> lines = Files.readAllLines(file);
    int step = Math.max(lines.size() / limit, 1); // from all of the file: its first people are few
    for (int number = 0; number < Math.min(lines.size(), limit * step); number += step) {
      counts[0]++;
      if (!isRight(lines.get(number), type, file.getFileName() + ":" + (number + 1))) {
        counts[1]++;
      }
    }
  }

  private boolean isRight(String resource, String type, String where) {
    boolean right = true;
    for (SingleValidationMessage message : validator.validateWithResult(resource).getMessages()) {
      ResultSeverityEnum severity = message.getSeverity();
      if (severity == ResultSeverityEnum.ERROR || severity == ResultSeverityEnum.FATAL) {
        right = false;
        String key = type + " " + message.getLocationString() + ": " + message.getMessage();
        key = key.replaceAll("\\[\\d+\\]", "").replaceAll("\\d{4,}", "#");
        errors.merge(key, 1, Integer::sum);
        examples.putIfAbsent(key, where);
      }
    }
    return right;
  }

  private boolean report() {
    errors.forEach(
        (text, count) ->
            System.out.println(count + " times, first in " + examples.get(text) + ": " + text));
    int all = 0;
    int wrong = 0;
    for (Map.Entry<String, int[]> entry : judged.entrySet()) {
      int[] counts = entry.getValue();
      System.out.println(entry.getKey() + ": " + counts[0] + " judged, " + counts[1] + " wrong");
      all += counts[0];
      wrong += counts[1];
    }
    System.out.println(all + " resources, " + wrong + " with errors");
    return all > 0 && wrong == 0;
  }

  public static void main(String[] arguments) throws Exception {
    FhirJudge judge = new FhirJudge(arguments[0]);
    int limit = Integer.parseInt(arguments[1]);
    for (String folder : List.of(arguments).subList(2, arguments.length)) {
      List<Path> files = new ArrayList<>();
      try (var listed = Files.newDirectoryStream(Path.of(folder), "*.ndjson")) {
        listed.forEach(files::add);
      }
      files.sort(null);
      for (Path file : files) {
        judge.judge(file, limit);
      }
    }
    System.exit(judge.report() ? 0 : 1);
  }
}
